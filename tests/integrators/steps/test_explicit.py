import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError, ParallelNewton
from parasim.integrators.steps._explicit import ExplicitStep
from parasim.integrators.steps._inner_step import inner_step
from parasim.integrators.steps._nodes import Slot
from tests.problems import lorenz

EXPLICIT = [
    solver
    for solver in vars(diffrax).values()
    if isinstance(solver, type)
    and issubclass(solver, diffrax.AbstractERK)
    and isinstance(getattr(solver, "tableau", None), diffrax.ButcherTableau)
]


def _field(t, y, args):
    return {"a": args * y["b"] * jnp.cos(t), "b": -y["a"] + jnp.sin(t)}


@pytest.mark.parametrize("solver", EXPLICIT, ids=lambda solver: solver.__name__)
def test_the_step_written_out_is_the_solvers_own(solver):
    solver, term = solver(), diffrax.ODETerm(_field)
    y = {"a": jnp.array([1.0, 2.0]), "b": jnp.array([0.5, -0.3])}
    t0, t1 = jnp.array(0.3), jnp.array(0.4)
    state = solver.init(term, t0, t1, y, 2.0)
    y1, error, dense, _, _ = solver.step(term, t0, t1, y, 2.0, state, made_jump=False)
    step = inner_step(solver, term, 2.0, t1 - t0, y)
    assert isinstance(step, ExplicitStep)
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-14)  # noqa: E731
    jax.tree.map(close, step(y, Slot(t0, t1)), y1)
    own_error, own_dense = step.details(y, Slot(t0, t1))
    jax.tree.map(close, own_error, error)
    jax.tree.map(close, own_dense, dense)


def test_a_subclass_with_a_step_of_its_own_keeps_it():
    class Clipped(diffrax.Tsit5):
        def step(self, *args, **kwargs):
            y, *others = super().step(*args, **kwargs)
            return (jnp.clip(y, -1, 1), *others)

    y, dt = jnp.array([0.9, -0.9]), jnp.array(1.0)
    step = inner_step(Clipped(), diffrax.ODETerm(lambda t, y, args: y), None, dt, y)
    np.testing.assert_array_equal(step(y, Slot(jnp.array(0.0), dt)), [1, -1])


def test_there_are_explicit_solvers_to_test():
    assert diffrax.Tsit5 in EXPLICIT
    assert len(EXPLICIT) >= 7


def test_float32_states_stay_float32_with_float64_times():
    y = jnp.array([1.0, 2.0], jnp.float32)
    term = diffrax.ODETerm(lambda t, y, args: -y)
    step = inner_step(diffrax.Tsit5(), term, None, jnp.array(0.1), y)
    error, dense = step.details(y, Slot(jnp.array(0.0), jnp.array(0.1)))
    for leaf in jax.tree.leaves((step(y, Slot(jnp.array(0.0), jnp.array(0.1))), error, dense)):
        assert leaf.dtype == jnp.float32


def _in_a_dict(t, y, args):
    slope = lorenz(28.0)(t, jnp.stack([y["x"], y["y"], y["z"]]), args)
    return dict(zip("xyz", slope, strict=True))


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="other compilers do not make such")
@pytest.mark.parametrize("solver", [diffrax.Tsit5(), diffrax.Dopri5()])
@pytest.mark.parametrize(
    ("vector_field", "y0"),
    [
        (lorenz(28.0), jnp.array([1.0, 2.0, 20.0])),
        (_in_a_dict, {"x": 1.0, "y": 2.0, "z": 20.0}),
    ],
    ids=["array", "numbers"],
)
def test_a_loop_over_steps_of_three_variables_is_one_kernel(vector_field, y0, solver):
    term, y0 = diffrax.ODETerm(vector_field), jax.tree.map(jnp.asarray, y0)
    windows = ParallelNewton(solver, steps=100, mode="sequential")
    run = jax.jit(lambda y0: diffrax.diffeqsolve(term, windows, 0.0, 0.3, 0.1, y0, throw=False).ys)
    # A loop that XLA makes one kernel of is all that its computation consists of.
    assert "ROOT %while" in run.lower(y0).compile().as_text()


@pytest.mark.parametrize(("state", "slope"), [("float32", "float64"), ("float64", "complex128")])
def test_a_vector_field_of_a_greater_dtype_is_named(state, slope):
    y, dt = jnp.ones(2, state), jnp.array(0.1, "float32")
    term = diffrax.ODETerm(lambda t, y, args: y.astype(slope))
    step = inner_step(diffrax.Heun(), term, None, dt, y)
    with pytest.raises(ConfigError, match=f"vector field returns {slope} for a state of {state}"):
        step(y, Slot(jnp.zeros_like(dt), dt))
