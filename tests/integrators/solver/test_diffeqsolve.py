import inspect

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import ConfigError, ParallelNewton, Windows
from parasim.integrators.solver import _parallel_saving

TERM = diffrax.ODETerm(lambda t, y, rate: jnp.stack([y[1], -rate * y[0] + jnp.cos(t)]))
Y0 = jnp.array([1.0, 0.5])
# Windows of fewer than 16 steps measure no growth, and compile sooner.
SOLVER = ParallelNewton(diffrax.Heun(), steps=12, mode="sequential")
TS = jnp.array([0.0, 0.1, 0.5, 0.51, 1.7, 2.3125])


@pytest.fixture
def evaluations(monkeypatch):
    """How often times were read from dense output."""
    made = []

    def counted(solution, ts):
        made.append(ts.shape)
        return parasim.evaluate(solution, ts)

    monkeypatch.setattr(_parallel_saving, "evaluate", counted)
    return made


def _same(ours, theirs, atol=1e-13):
    """All that a user sees of two solutions."""
    assert jax.tree.structure(ours.ts) == jax.tree.structure(theirs.ts)
    pairs = [(ours.ts, theirs.ts), (ours.ys, theirs.ys), (ours.stats, theirs.stats)]
    for one, other in zip(*map(jax.tree.leaves, zip(*pairs, strict=True)), strict=True):
        assert jnp.result_type(one) == jnp.result_type(other)
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)
    assert ours.result == theirs.result
    assert (ours.interpolation is None) == (theirs.interpolation is None)


def test_it_is_called_as_diffrax_s():
    def face(function):
        parameters = inspect.signature(function).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    assert face(parasim.diffeqsolve) == face(inspect.unwrap(diffrax.diffeqsolve))


@pytest.mark.parametrize(("t0", "t1", "dt0"), [(0.0, 2.3125, 1 / 16), (2.3125, 0.0, -1 / 16)])
def test_a_plain_swap_makes_the_steps_of_the_inner_solver(t0, t1, dt0):
    """37 of them: three windows and a step."""
    saveat = diffrax.SaveAt(t0=True, t1=True, ts=TS if t0 < t1 else TS[::-1])
    common = {"t0": t0, "t1": t1, "dt0": dt0, "y0": Y0, "args": 2.0, "saveat": saveat}
    ours = parasim.diffeqsolve(TERM, SOLVER, stepsize_controller=Windows(12), **common)
    theirs = diffrax.diffeqsolve(TERM, diffrax.Heun(), **common)
    np.testing.assert_array_equal(ours.ts, theirs.ts)
    np.testing.assert_allclose(ours.ys, theirs.ys, rtol=0, atol=1e-12)
    assert ours.stats["num_steps"] == 4


@pytest.mark.parametrize(
    "saveat",
    [
        diffrax.SaveAt(ts=TS, dense=True),
        diffrax.SaveAt(t0=True, t1=True, ts=TS, fn=lambda t, y, args: {"t": t, "y": args * y[0]}),
        diffrax.SaveAt(
            subs={
                "times": diffrax.SubSaveAt(ts=TS[1:3], t1=True),
                "windows": diffrax.SubSaveAt(steps=True, t0=True),
                "none": None,
                "ends": (diffrax.SubSaveAt(t0=True, t1=True), diffrax.SubSaveAt(ts=TS)),
            },
            solver_state=True,
        ),
    ],
    ids=["dense", "function", "parts"],
)
def test_times_are_saved_as_diffrax_saves_them(saveat, evaluations):
    options = {"saveat": saveat, "stepsize_controller": diffrax.StepTo(jnp.linspace(0, 2.5, 6))}
    arguments = TERM, SOLVER, 0.0, 2.5, None, Y0, jnp.array(2.0)
    ours = parasim.diffeqsolve(*arguments, **options, max_steps=7)
    assert evaluations
    theirs = diffrax.diffeqsolve(*arguments, **options, max_steps=7)
    _same(ours, theirs)
    assert jax.tree.structure(ours.solver_state) == jax.tree.structure(theirs.solver_state)


@pytest.mark.parametrize(
    ("max_steps", "t1"),
    [
        (2, 2.5),
        pytest.param(5, 2.5, marks=pytest.mark.slow),
        pytest.param(5, 0.0, marks=pytest.mark.slow),
    ],
)
def test_what_was_not_reached_is_infinite_as_in_diffrax(max_steps, t1, evaluations):
    """y' = y^2 leaves every bound at t = 1; two windows reach t = 0.5; or there is nothing to do.

    What is saved of the window that failed is not finite in both.
    """
    term = diffrax.ODETerm(lambda t, y, args: y**2)
    ts = jnp.zeros(3) if t1 == 0 else jnp.array([0.0, 0.3, 0.7, 2.0])
    saveat = diffrax.SaveAt(ts=ts, t0=True, t1=True)
    arguments = term, SOLVER, 0.0, t1, 0.25, jnp.array([1.0])
    options = {"saveat": saveat, "max_steps": max_steps, "throw": False}
    ours = parasim.diffeqsolve(*arguments, **options)
    assert evaluations
    _same(ours, diffrax.diffeqsolve(*arguments, **options))


@pytest.mark.slow
def test_dense_output_out_of_proportion_is_not_kept(evaluations):
    """As many windows as diffrax allows for have 64 MiB of states, and six are asked for."""
    controller = diffrax.PIDController(rtol=1e-5, atol=1e-5)
    solver = ParallelNewton(diffrax.Heun(), mode="sequential")
    arguments = TERM, solver, 0.0, 2.5, 0.5, Y0, 2.0
    options = {"saveat": diffrax.SaveAt(ts=TS), "stepsize_controller": controller}
    ours = parasim.diffeqsolve(*arguments, **options)
    assert not evaluations
    parasim.diffeqsolve(*arguments, **options, max_steps=64)
    assert evaluations
    assert ours.stats["max_steps"] == 4096


def test_traced_times_are_saved_as_diffrax_does(evaluations):
    def run(t1):
        saveat = diffrax.SaveAt(ts=jnp.linspace(0, 1, 3))
        solver = ParallelNewton(diffrax.Heun(), steps=1024, mode="sequential")
        return parasim.diffeqsolve(TERM, solver, 0.0, t1, 0.5, Y0, 2.0, saveat=saveat).ys

    traced = jax.jit(run)(1.0)
    assert not evaluations
    np.testing.assert_allclose(run(1.0), traced, atol=1e-13)
    assert evaluations


def _loss(solve, y0, rate, adjoint):
    saveat = diffrax.SaveAt(ts=jnp.linspace(0, 1.5, 7), fn=lambda t, y, args: y / y[1])
    solver = ParallelNewton(diffrax.Euler(), steps=4, mode="sequential")
    options = {"saveat": saveat, "adjoint": adjoint}
    return jnp.sum(solve(TERM, solver, 0.0, 1.5, 0.5, y0, rate, **options).ys ** 2)


@pytest.mark.slow
def test_derivatives_of_a_batch_are_diffrax_s():
    def slopes(solve):
        def along(y0, rate):
            loss = lambda y0, rate: _loss(solve, y0, rate, diffrax.ForwardMode())  # noqa: E731
            return jax.jvp(loss, (y0, rate), (Y0, 1.0))

        return jax.jit(jax.vmap(along, in_axes=(0, None)))(jnp.stack([Y0, 2 * Y0]), 2.0)

    np.testing.assert_allclose(slopes(parasim.diffeqsolve), slopes(diffrax.diffeqsolve), rtol=1e-10)


@pytest.mark.slow
def test_gradients_of_a_batch_are_diffrax_s():
    def gradients(solve):
        def loss(y0, rate):
            return _loss(solve, y0, rate, diffrax.RecursiveCheckpointAdjoint())

        both = jax.vmap(jax.grad(loss, argnums=(0, 1)), in_axes=(0, None))
        return jax.jit(both)(jnp.stack([Y0, 2 * Y0]), 2.0)

    ours, theirs = gradients(parasim.diffeqsolve), gradients(diffrax.diffeqsolve)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


def test_a_second_call_compiles_nothing():
    traces = []

    def counted(t, y, args):
        traces.append(1)
        return -y

    term = diffrax.ODETerm(counted)
    solver = ParallelNewton(diffrax.Euler(), steps=4, mode="sequential")
    event = diffrax.Event(lambda t, y, args, **kwargs: y[0] < 0.2)

    def run(y0):
        parasim.diffeqsolve(
            term,
            solver,
            0.0,
            2.0,
            0.25,
            y0,
            saveat=diffrax.SaveAt(ts=TS[:4]),
            event=event,
            stepsize_controller=Windows(4),
        )
        return len(traces)

    assert 0 < run(Y0) == run(2 * Y0)


@pytest.mark.slow
def test_dtypes_are_chosen_as_diffrax_does():
    """The times of saving are among those that decide."""
    ts = jnp.linspace(0, 1, 3, dtype=jnp.float32)
    arguments = TERM, SOLVER, 0, 1.0, 0.5, Y0.astype(jnp.float32), 2.0
    ours, theirs = (
        solve(*arguments, saveat=diffrax.SaveAt(ts=ts))
        for solve in (parasim.diffeqsolve, diffrax.diffeqsolve)
    )
    _same(ours, theirs, atol=1e-6)
    assert ours.ys.dtype == jnp.float32


def test_a_restart_goes_on_bit_for_bit():
    def run(t0, t1, y0, **options):
        saveat = diffrax.SaveAt(t1=True, solver_state=True)
        controller = diffrax.StepTo(jnp.linspace(t0, t1, 3))
        arguments = TERM, SOLVER, t0, t1, None, y0, 2.0
        return parasim.diffeqsolve(
            *arguments, stepsize_controller=controller, saveat=saveat, **options
        )

    first = run(0.0, 1.0, Y0)
    then = run(1.0, 2.0, first.ys[-1], solver_state=first.solver_state)
    whole = parasim.diffeqsolve(TERM, SOLVER, 0.0, 2.0, 0.5, Y0, 2.0)
    np.testing.assert_array_equal(then.ys, whole.ys)


def test_other_solvers_are_left_to_diffrax(evaluations):
    arguments = TERM, diffrax.Heun(), 0.0, 1.0, 0.25, Y0, 2.0
    options = {"saveat": diffrax.SaveAt(ts=TS[:4])}
    ours = parasim.diffeqsolve(*arguments, **options)
    _same(ours, diffrax.diffeqsolve(*arguments, **options), atol=0)
    assert not evaluations


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stepsize_controller": Windows(8)}, r"Windows\(steps=12\)"),
        ({"stepsize_controller": Windows(12), "dt0": None}, "needs dt0"),
        ({"t1": 1j}, "real numbers"),
        ({"saveat": diffrax.SaveAt(ts=[0.5, 0.2])}, "increasing or decreasing"),
        ({"saveat": diffrax.SaveAt(ts=[0.5, 1.2])}, "between t0 and t1"),
    ],
    ids=["steps", "no dt0", "complex", "order", "range"],
)
def test_useless_arguments_are_refused_with_the_remedy(changes, message):
    arguments = {"t0": 0.0, "t1": 1.0, "dt0": 0.25, "y0": Y0, "args": 2.0, **changes}
    with pytest.raises((ConfigError, RuntimeError), match=message):
        parasim.diffeqsolve(TERM, SOLVER, **arguments)


def test_a_step_away_from_the_end_is_refused_at_once():
    with pytest.raises(parasim.ConfigError, match="sign of t1 - t0"):
        parasim.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -y),
            parasim.ParallelNewton(steps=4),
            0.0,
            1.0,
            -0.1,
            jnp.ones(1),
        )
