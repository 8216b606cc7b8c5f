import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ParallelNewton
from parasim.integrators.steps._explicit import ExplicitStep
from parasim.integrators.steps._inner_step import inner_step, quick_step
from parasim.integrators.steps._nodes import Slot
from parasim.integrators.steps._quick_explicit import LoopedStep

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
    assert isinstance(quick, LoopedStep)
    return quick


def _same(one, other, rtol=1e-14):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol), one, other)


@pytest.mark.parametrize("solver", [diffrax.Tsit5, diffrax.Dopri5, diffrax.Dopri8, diffrax.Ralston])
def test_a_loop_over_the_stages_is_the_step_written_out(solver):
    step, quick = _steps(solver(), y={**Y, "b": jnp.full(3, 0.7)})
    assert isinstance(quick, LoopedStep)
    y = {"a": jnp.array([0.3, 0.2]), "b": jnp.array([0.1, -2.0, 0.4])}
    _same(jax.jit(lambda y: quick(y, TIMES))(y), step(y, TIMES))


@pytest.mark.parametrize(
    ("solver", "field", "y"),
    [
        (diffrax.Tsit5(), lambda t, y, args: y**2, jnp.ones(3)),  # nothing costly
        (diffrax.Heun(), lambda t, y, args: jnp.exp(-y), jnp.ones(3)),  # too few slopes
        (diffrax.Tsit5(), lambda t, y, args: jnp.exp(-y), jnp.ones(9)),  # too many variables
        (diffrax.Tsit5(), lambda t, y, args: jnp.exp(-y), jnp.ones(3, jnp.complex128)),
        (diffrax.Tsit5(), lambda t, y, args: jnp.exp(-y), jnp.ones(0)),
    ],
)
def test_where_it_does_not_pay_there_is_no_loop(solver, field, y):
    assert _steps(solver, field, y)[1] is None


def test_two_stages_of_single_numbers_are_not_stored():
    y = {"a": jnp.array(0.3), "b": jnp.array(0.1)}
    field = lambda t, y, args: {"a": jnp.exp(-y["b"]), "b": y["a"]}  # noqa: E731
    step, quick = _steps(diffrax.Heun(), field, y)
    assert isinstance(quick, ExplicitStep)
    assert not quick.store
    _same(jax.jit(lambda y: quick(y, TIMES))(y), step(y, TIMES))


@pytest.mark.parametrize("members", [2, 5])
def test_members_are_stepped_by_themselves_however_many(members):
    """Two of three variables in a loop, more of them written out; the parameter is one's own."""

    def member(args, b):
        return _quick(args)(dict(Y, b=b), TIMES)

    args, b = jnp.linspace(0.5, 2, members), jnp.linspace(-1, 1, members)
    whole = jax.jit(jax.vmap(member))(args, b)
    for place in range(members):
        alone = _steps(diffrax.Tsit5(), args=float(args[place]))[0](dict(Y, b=b[place]), TIMES)
        _same(jax.tree.map(lambda leaf: leaf[place], whole), alone)  # noqa: B023


@pytest.mark.parametrize(("members", "loops"), [(2, True), (5, False)])
def test_the_stages_of_many_members_are_written_out(members, loops):
    quick = jax.vmap(lambda b: _quick()(dict(Y, b=b), TIMES))
    program = str(jax.make_jaxpr(quick)(jnp.ones(members)))
    assert ("scan[" in program or "while[" in program) == loops


def test_a_batch_of_batches_is_stepped_too():
    quick = jax.vmap(jax.vmap(lambda b: _quick()(dict(Y, b=b), TIMES)))
    b = jnp.arange(4.0).reshape(2, 2)
    whole = jax.jit(quick)(b)
    _same(whole["b"][1, 0], _steps(diffrax.Tsit5())[0](dict(Y, b=b[1, 0]), TIMES)["b"])


def test_a_window_and_its_gradient_are_those_of_the_inner_solver():
    def last(solver, dt0, scale):
        y0 = {"a": scale * Y["a"], "b": jnp.full(3, 0.7)}
        term = diffrax.ODETerm(_field)
        end = diffrax.diffeqsolve(term, solver, 0.0, 1.6, dt0, y0, 1.3, max_steps=16).ys
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(end))

    windows = ParallelNewton(diffrax.Bosh3(), steps=8, mode="sequential")
    ours = jax.jit(jax.value_and_grad(lambda scale: last(windows, 0.8, scale)))(1.1)
    theirs = jax.jit(jax.value_and_grad(lambda scale: last(diffrax.Bosh3(), 0.1, scale)))(1.1)
    _same(ours, theirs, rtol=1e-12)


def test_nothing_relies_on_implicit_promotion():
    y = jnp.ones(4, jnp.float32)
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        quick = _steps(diffrax.Tsit5(), lambda t, y, args: jnp.exp(-y), y)[1]
        assert isinstance(quick, LoopedStep)
        assert quick(y, TIMES).dtype == jnp.float32
