import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ParallelNewton
from parasim.integrators.steps._inner_step import inner_step, quick_step
from parasim.integrators.steps._nodes import Slot
from parasim.integrators.steps._quick_explicit import QuickStep

pytestmark = pytest.mark.skipif(jax.default_backend() != "cpu", reason="only CPUs need it")

TIMES = Slot(jnp.array(0.3), jnp.array(0.4))
Y = {"a": jnp.array([0.1, -0.4]), "b": jnp.array(0.7)}


def _field(t, y, args):
    both = jnp.tanh(args * y["a"] + jnp.sin(t))
    return {"a": both - y["a"], "b": jnp.exp(-y["b"] * both[0])}


def _steps(solver, field=_field, y=Y, args=1.3):
    term, dt = diffrax.ODETerm(field), TIMES.end - TIMES.start
    step = inner_step(solver, term, args, dt, y)
    return step, quick_step(step, solver, TIMES.start, y)


def _quick(args=1.3):
    quick = _steps(diffrax.Tsit5(), args=args)[1]
    assert isinstance(quick, QuickStep)
    return quick


def _same(one, other, rtol=1e-14):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol), one, other)


@pytest.mark.parametrize(
    "y",
    [{**Y, "b": jnp.array([0.7, 0.1, -2.0])}, jnp.array([0.1, -0.4, 0.7, 0.2])],
    ids=["dict", "array"],
)
@pytest.mark.parametrize("solver", [diffrax.Tsit5, diffrax.Dopri8, diffrax.Ralston, diffrax.Euler])
def test_a_quick_step_is_the_step(solver, y):
    field = _field if isinstance(y, dict) else lambda t, y, args: jnp.tanh(args * y[::-1] + t)
    step, quick = _steps(solver(), field, y)
    assert isinstance(quick, QuickStep)
    _same(jax.jit(lambda y: quick(y, TIMES))(y), step(y, TIMES))


def _numbers(t, y, args):
    return {"a": -y["a"], "b": y["a"] * y["c"], "c": -y["d"], "d": y["b"]}


def _stacked(t, y, args):
    return jnp.stack([y[1], -y[0], y[3] * y[0], -y[2]])


@pytest.mark.parametrize(
    ("solver", "field", "y", "as_vector"),
    [
        (diffrax.Tsit5(), lambda t, y, args: jnp.exp(-y), jnp.ones(3), True),
        (diffrax.Tsit5(), _stacked, jnp.ones(4), True),
        (diffrax.Tsit5(), jax.jit(_stacked), jnp.ones(4), True),
        (diffrax.Tsit5(), _numbers, dict.fromkeys("abcd", jnp.array(0.3)), True),
        (diffrax.Heun(), _numbers, dict.fromkeys("abcd", jnp.array(0.3)), False),
        (diffrax.Euler(), _stacked, jnp.ones(4), False),
        (diffrax.Euler(), lambda t, y, args: jnp.exp(-y), jnp.ones(3), None),
        (diffrax.Euler(), lambda t, y, args: jnp.exp(-y), jnp.ones(40), False),
        (diffrax.Tsit5(), lambda t, y, args: y**2, jnp.ones(4), None),  # element by element
        (diffrax.Tsit5(), lambda t, y, args: y**2, jnp.ones(3), None),  # in registers already
        (diffrax.Tsit5(), lambda t, y, args: jnp.exp(-y), jnp.ones(9), None),  # too many variables
        (diffrax.Tsit5(), lambda t, y, args: jnp.exp(-y), jnp.ones(3, jnp.complex128), None),
        (diffrax.Tsit5(), lambda t, y, args: jnp.exp(-y), jnp.ones(0), None),
    ],
)
def test_a_quick_step_is_taken_where_it_pays(solver, field, y, as_vector):
    quick = _steps(solver, field, y)[1]
    assert getattr(quick, "as_vector", None) == as_vector


def test_members_are_stepped_by_themselves_with_parameters_of_their_own():
    def member(args, b):
        return _quick(args)(dict(Y, b=b), TIMES)

    args, b = jnp.linspace(0.5, 2, 5), jnp.linspace(-1, 1, 5)
    whole = jax.jit(jax.vmap(member))(args, b)
    for place in range(5):
        alone = _steps(diffrax.Tsit5(), args=float(args[place]))[0](dict(Y, b=b[place]), TIMES)
        _same(jax.tree.map(lambda leaf: leaf[place], whole), alone)  # noqa: B023


@pytest.mark.slow
@pytest.mark.parametrize("inner", [diffrax.Bosh3(), diffrax.Euler()])
def test_a_window_and_its_gradient_are_those_of_the_inner_solver(inner):
    def last(solver, dt0, scale):
        y0 = {"a": scale * Y["a"], "b": jnp.full(3, 0.7)}
        term = diffrax.ODETerm(_field)
        end = diffrax.diffeqsolve(term, solver, 0.0, 1.6, dt0, y0, 1.3, max_steps=16).ys
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(end))

    windows = ParallelNewton(inner, steps=8, mode="sequential")
    ours = jax.jit(jax.value_and_grad(lambda scale: last(windows, 0.8, scale)))(1.1)
    theirs = jax.jit(jax.value_and_grad(lambda scale: last(inner, 0.1, scale)))(1.1)
    _same(ours, theirs, rtol=1e-12)


def test_nothing_relies_on_implicit_promotion():
    y = jnp.ones(4, jnp.float32)
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        for solver in (diffrax.Tsit5(), diffrax.Euler()):
            quick = _steps(solver, lambda t, y, args: jnp.exp(-y), y)[1]
            assert isinstance(quick, QuickStep)
            assert quick(y, TIMES).dtype == jnp.float32
