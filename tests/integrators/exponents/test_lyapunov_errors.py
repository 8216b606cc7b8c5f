"""What has no exponents, or not those that were asked for: an error, or NaN in jit."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError, ParallelNewton, SolverError, lyapunov, lyapunov_scan
from tests.problems import PARALLEL_PAYS
from tests.truth_systems import no_derivative

Y0 = np.array([2.0, 0.0])


def _decay(t, y, args):
    return -y


def _run(**changes):
    given = {
        "terms": _decay, "solver": diffrax.Heun(), "t0": 0, "t1": 20, "dt0": 0.1, "y0": Y0,
    } | changes  # fmt: skip
    return lyapunov(**given)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exponents": 3}, "there are 2 exponents.*all of them"),
        ({"exponents": 0}, "exponents must be a positive"),
        ({"exponents": 1.5}, "exponents must be a positive"),
        ({"y0": np.array([1, 2])}, "int64.*astype"),
        ({"y0": {"a": Y0, "n": 3}}, r"y0\['n'\]"),
        ({"y0": np.zeros((0, 2))}, "no numbers"),
        ({"y0": ()}, "no numbers"),
        ({"terms": no_derivative}, "need the derivative.*custom_jvp"),
        ({"dt0": -0.1}, "must be positive"),
        ({"t1": 0}, "later than t0"),
        ({"t1": np.inf}, "must be positive"),
        ({"t1": "late"}, "t1 must be a number"),
        ({"dt0": 1.0}, "longer run"),
        ({"transient": 20}, "transient must be a number from 0 to less than the run, 20"),
        ({"transient": -1.0}, "transient must be"),
        ({"transient": 19.9}, "shorter transient"),
        ({"blocks": 2}, "blocks must be"),
        ({"blocks": 10.0}, "blocks must be"),
        ({"solver": diffrax.LeapfrogMidpoint()}, "one-step"),
        ({"solver": "tsit5"}, "must be a diffrax solver"),
        ({"solver": diffrax.ImplicitEuler()}, "root_finder"),
    ],
)
def test_what_cannot_be_done_as_asked(changes, said):
    with pytest.raises(ConfigError, match=said):
        _run(**changes)


def test_times_must_be_known_while_tracing():
    with pytest.raises(ConfigError, match="t1 is traced"):
        jax.jit(lambda t1: _run(t1=t1))(20.0)


def test_an_error_of_the_vector_field_is_its_own():
    def wrong(t, y, args):
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine"):
        _run(terms=wrong)


@pytest.mark.parametrize(
    ("carry", "f", "said"),
    [
        (3, lambda c, x: (c + 1, None), "no floating-point numbers"),
        (
            (1.0, 0),
            lambda c, x: ((0.5 * c[0], c[1] + (c[0] > 0.1)), None),
            r"carry\[1\] of dtype int",
        ),
        (jnp.ones(2), lambda c, x: (no_derivative(0, c, None), None), "need the derivative"),
    ],
)
def test_recurrences_without_derivative(carry, f, said):
    with pytest.raises(ConfigError, match=said):
        lyapunov_scan(f, carry, length=100)


@pytest.mark.parametrize(
    ("exponents", "said"), [(0, "must be a positive"), (3, "there are 2 exponents.*all of them")]
)
def test_a_recurrence_has_as_many_exponents_as_variables(exponents, said):
    with pytest.raises(ConfigError, match=said):
        lyapunov_scan(lambda c, x: (c / 2, None), Y0, length=100, exponents=exponents)


@pytest.mark.parametrize(
    "options", [{"mode": "fast"}, {"window": 0}, {"interval": 1.0}, {"rtol": 2}, {"transient": 100}]
)
def test_options_of_no_use(options):
    with pytest.raises(ConfigError):
        lyapunov_scan(lambda c, x: (0.5 * c, None), 1.0, length=100, **options)


def _explodes(t, y, args):
    return y**2


def _singular(t, y, args):
    """Stands still at zero, where its derivative is infinite."""
    return -jnp.sqrt(jnp.abs(y))


@pytest.mark.parametrize("mode", ["sequential", pytest.param("parallel", marks=pytest.mark.slow)])
def test_what_is_not_finite_is_an_error_or_nan(mode):
    solver = ParallelNewton(diffrax.Heun(), mode=mode)

    def run(y0):
        return _run(terms=_explodes, y0=y0, solver=solver)

    with pytest.raises(SolverError, match="state stopped being finite after t = "):
        run(jnp.array([2.0]))
    result = jax.jit(run)(jnp.array([2.0]))
    for name in ("values", "standard_error", "dimension", "dimension_error"):
        assert np.isnan(getattr(result, name)).all()


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"mode": "parallel"}, marks=pytest.mark.slow),
        pytest.param({"steps": 128, "costs": PARALLEL_PAYS}, marks=pytest.mark.slow),
    ],
)
def test_a_derivative_that_is_not_finite(options):
    with pytest.raises(SolverError, match="derivative"):
        _run(terms=_singular, y0=np.array([0.0]), solver=ParallelNewton(diffrax.Heun(), **options))


@pytest.mark.parametrize(
    "options",
    [{}, pytest.param({"costs": PARALLEL_PAYS, "window": 128}, marks=pytest.mark.slow)],
)
def test_a_derivative_of_a_recurrence_that_is_not_finite(options):
    with pytest.raises(SolverError, match="derivative"):
        lyapunov_scan(lambda c, x: (jnp.sqrt(jnp.abs(c)) / 2, None), 0.0, length=1000, **options)


def test_tangents_of_a_state_that_overflows_are_no_result():
    """They are finite: the map is linear."""

    def double(c, _):
        return 2 * c, None

    with pytest.raises(SolverError, match="after step 10"):
        lyapunov_scan(double, 1.0, length=2000, window=8)
    assert np.isnan(jax.jit(lambda c: lyapunov_scan(double, c, length=2000))(1.0).values).all()
