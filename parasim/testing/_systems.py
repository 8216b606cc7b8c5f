"""What every system must fulfil."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from parasim.plugins import System, get_system

_DTYPES = (np.float32, np.float64)
_MEMBERS = 3


class SystemTests:
    """Tests of a system: its state, its parameters, its vector field and the Jacobian.

    Attributes:
        name: of the system, as it is installed.
        options: its structural options.
    """

    name: ClassVar[str]
    options: ClassVar[Mapping[str, int]] = {}

    @pytest.fixture
    def system(self) -> System:
        """Return the system under test; override it to run the tests for several."""
        return get_system(self.name, **self.options)

    @pytest.fixture(autouse=True)
    def _float64(self):
        with jax.enable_x64(True):
            yield

    def test_it_is_found_by_the_name_that_it_has(self, system):
        options = {key: system.options[key] for key in system.options}
        assert get_system(system.name, **options).name == system.name

    def test_the_initial_state_has_the_variables_as_finite_float64_arrays(self, system):
        y0 = system.y0
        assert set(y0) == set(system.variables)
        for name, leaf in y0.items():
            assert isinstance(leaf, np.ndarray)
            assert leaf.dtype == np.float64
            assert leaf.ndim == len(system.variables[name].dims)
            assert np.isfinite(leaf).all()

    def test_the_initial_state_is_that_of_its_seed(self, system):
        params = system.resolve()
        first, again = (system.initial_state(params, 1) for _ in range(2))
        for name in first:
            np.testing.assert_array_equal(first[name], again[name])

    def test_defaults_lie_in_their_ranges_and_everything_is_described(self, system):
        assert system.resolve() == {name: p.value for name, p in system.params.items()}
        assert system.description
        assert system.citation
        assert system.time_unit
        assert all(p.unit and p.description for p in system.params.values())
        assert all(v.unit and v.description for v in system.variables.values())

    def test_built_twice_it_shares_its_vector_field_so_that_nothing_is_traced_twice(self, system):
        again = get_system(system.name, **system.options)
        assert again.rule is system.rule

    @pytest.mark.parametrize("dtype", _DTYPES)
    def test_slopes_are_like_the_state_whatever_the_promotion(self, system, dtype):
        y, field = _state(system, dtype), _field(system, dtype)
        with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
            slopes = jax.eval_shape(field, jnp.zeros((), dtype), y)
        assert {name: (leaf.shape, leaf.dtype) for name, leaf in slopes.items()} == {
            name: (leaf.shape, leaf.dtype) for name, leaf in y.items()
        }

    @pytest.mark.parametrize("dtype", _DTYPES)
    def test_the_jacobian_is_finite_and_the_same_forwards_and_backwards(self, system, dtype):
        flat, unravel = ravel_pytree(_state(system, dtype))
        field = _field(system, dtype)

        def vector(z: Any) -> Any:
            return ravel_pytree(field(jnp.zeros((), dtype), unravel(z)))[0]

        both = jax.jit(lambda z: (jax.jacfwd(vector)(z), jax.jacrev(vector)(z)))
        forwards, backwards = both(flat)
        assert forwards.dtype == dtype
        assert bool(jnp.isfinite(forwards).all())
        scale = float(jnp.abs(forwards).max())
        np.testing.assert_allclose(forwards, backwards, atol=8 * np.finfo(dtype).eps * scale)

    def test_it_is_pure_and_the_same_under_jit_and_vmap(self, system):
        field, members = jax.jit(_field(system, np.float64)), _members(system)
        together = jax.jit(jax.vmap(field, in_axes=(None, 0)))(jnp.zeros(()), members)
        for member in range(_MEMBERS):
            one = {name: leaf[member] for name, leaf in members.items()}
            alone = field(jnp.zeros(()), one)
            for name, slope in alone.items():
                scale = 1e-12 * float(jnp.abs(slope).max())
                np.testing.assert_allclose(together[name][member], slope, rtol=1e-12, atol=scale)


def _state(system: System, dtype: Any) -> dict[str, Any]:
    return {name: jnp.asarray(leaf, dtype) for name, leaf in system.y0.items()}


def _members(system: System) -> dict[str, Any]:
    """Return states near the first one, side by side; not itself, where terms may cancel."""
    near = 1 + 1e-3 * np.arange(1, _MEMBERS + 1)
    return {name: jnp.asarray(np.multiply.outer(near, leaf)) for name, leaf in system.y0.items()}


def _field(system: System, dtype: Any) -> Callable[[Any, Any], Any]:
    """Return the vector field, or the step, at the default parameters, as a run calls it."""
    args = {name: jnp.asarray(value, dtype) for name, value in system.resolve().items()}
    return lambda t, y: system.rule(t, y, args)
