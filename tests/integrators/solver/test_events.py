import dataclasses

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest

import parasim
from parasim import ParallelNewton, Windows

# x = cos t crosses 0 at odd multiples of pi / 2.
TERM = diffrax.ODETerm(lambda t, y, args: jnp.stack([y[1], -y[0]]))
Y0 = jnp.array([1.0, 0.0])
SOLVER = ParallelNewton(diffrax.Bosh3(), steps=100, mode="sequential")
# Windows of fewer than 16 steps measure no growth, and compile sooner.
FEW = ParallelNewton(diffrax.Bosh3(), steps=15, mode="sequential")
NEWTON, BISECTION = optx.Newton(1e-12, 1e-12), optx.Bisection(1e-12, 1e-12)


def _first(t, y, args, **kwargs):
    return y[0]


def _second(t, y, args, **kwargs):
    return y[1]


def _same(ours, theirs, atol=1e-10):
    for one, other in zip(
        jax.tree.leaves((ours.ts, ours.ys, ours.event_mask)),
        jax.tree.leaves((theirs.ts, theirs.ys, theirs.event_mask)),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)
    assert ours.result == theirs.result


@pytest.mark.parametrize("root_finder", [NEWTON, BISECTION], ids=["Newton", "Bisection"])
def test_the_first_crossing_is_found_however_long_the_window(root_finder):
    """Windows of 3.5 and more have crossings there and back inside, which diffrax misses."""
    event = diffrax.Event(_first, root_finder)
    for window in (1.0, 2.0, 3.5, 5.0, 8.0):
        solution = parasim.diffeqsolve(TERM, SOLVER, 0.0, 20.0, jnp.array(window), Y0, event=event)
        assert solution.result == diffrax.RESULTS.event_occurred
        np.testing.assert_allclose(solution.ts[0], np.pi / 2, atol=1e-6 * window**3)
        assert solution.stats["num_steps"] <= 3


@pytest.mark.parametrize(
    "event",
    [
        diffrax.Event({"a": _first, "b": (lambda t, y, args, **kwargs: y[1] + 0.99,)}, NEWTON),
        diffrax.Event([_first, lambda t, y, args, **kwargs: t > 4.0], direction=[False, None]),
        diffrax.Event([lambda t, y, args, **kwargs: y[1] > 0.5, _first], NEWTON, [None, True]),
        pytest.param(diffrax.Event(_second, NEWTON, direction=False), marks=pytest.mark.slow),
    ],
    ids=["tree", "no root", "boolean", "starts at zero"],
)
def test_events_are_those_of_the_inner_solver(event):
    """With times saved before and after, in windows of half a period and more."""
    saveat = diffrax.SaveAt(ts=jnp.linspace(0, 12, 25), t1=True)
    common = {"t0": 0.0, "t1": 12.0, "dt0": 0.25, "y0": Y0, "saveat": saveat, "event": event}
    ours = parasim.diffeqsolve(TERM, FEW, stepsize_controller=Windows(15), **common)
    theirs = diffrax.diffeqsolve(TERM, diffrax.Bosh3(), **common)
    assert theirs.result == diffrax.RESULTS.event_occurred
    _same(ours, theirs)


@pytest.mark.slow
def test_time_may_run_backwards_and_windows_be_constant():
    """In each of the two windows the condition changes, but only once upwards."""
    event = diffrax.Event(_first, NEWTON, direction=True)
    saveat = diffrax.SaveAt(ts=jnp.linspace(6, 1, 11), t1=True)
    common = {"t0": 6.0, "t1": 1.0, "y0": Y0, "event": event, "saveat": saveat}
    solver = dataclasses.replace(FEW, steps=10)
    ours = parasim.diffeqsolve(TERM, solver, dt0=-2.5, **common)
    _same(ours, diffrax.diffeqsolve(TERM, diffrax.Bosh3(), dt0=-0.25, **common))


@pytest.mark.slow
def test_an_event_may_be_there_at_once_or_never():
    level = diffrax.Event(lambda t, y, args, **kwargs: y[0] > args, NEWTON)
    ts = jnp.array([0.0, 5.0])

    def run(solve, args):
        saveat = diffrax.SaveAt(ts=ts, t0=True, t1=True)
        return solve(TERM, FEW, 0.0, 10.0, 10.0, Y0, args, saveat=saveat, event=level, max_steps=9)

    for args in (jnp.array(0.5), jnp.array(2.0)):
        _same(run(parasim.diffeqsolve, args), run(diffrax.diffeqsolve, args), atol=1e-13)


def test_members_of_a_batch_have_their_own_events():
    """cos t = -level; the last never."""
    levels = jnp.array([0.0, 0.5, -0.5, 2.0])
    event = diffrax.Event(lambda t, y, args, **kwargs: y[0] + args, NEWTON)
    solver = ParallelNewton(diffrax.Bosh3(), steps=800, mode="sequential")

    def end(level):
        solution = parasim.diffeqsolve(TERM, solver, 0.0, 9.0, 8.0, Y0, level, event=event)
        return solution.ts[0], solution.event_mask

    times, masks = jax.jit(jax.vmap(end))(levels)
    np.testing.assert_allclose(times, [*np.arccos(-levels[:3]), 9.0], atol=1e-6)
    np.testing.assert_array_equal(masks, [True, True, True, False])


@pytest.mark.slow
def test_the_time_of_an_event_has_its_exact_derivative():
    """a cos(w t) = 1/2 at t = arccos(1 / (2 a)) / w."""
    term = diffrax.ODETerm(lambda t, y, w: jnp.stack([w * y[1], -w * y[0]]))
    event = diffrax.Event(lambda t, y, args, **kwargs: y[0] - 0.5, NEWTON)
    solver = ParallelNewton(steps=15, mode="sequential")

    def found(a, w):
        y0 = jnp.stack([a, 0.0])
        return parasim.diffeqsolve(term, solver, 0.0, 9.0, 3.5, y0, w, event=event).ts[0]

    def exact(a, w):
        return jnp.arccos(0.5 / a) / w

    value, gradient = jax.jit(jax.value_and_grad(found, argnums=(0, 1)))(1.2, 0.9)
    np.testing.assert_allclose(value, exact(1.2, 0.9), rtol=1e-6)
    np.testing.assert_allclose(gradient, jax.grad(exact, argnums=(0, 1))(1.2, 0.9), rtol=1e-5)


@pytest.mark.slow
def test_adaptive_windows_end_at_events():
    """The first window has two changes, and is made again once for each.

    The steps of a window that was made again are finer, so the change is not in the last of them.
    """
    event = diffrax.Event(_first, NEWTON, direction=True)
    controller = diffrax.PIDController(rtol=1e-2, atol=1e-2)
    solution = parasim.diffeqsolve(
        TERM,
        ParallelNewton(steps=15, mode="sequential"),
        0.0,
        20.0,
        7.0,
        Y0,
        event=event,
        stepsize_controller=controller,
        saveat=diffrax.SaveAt(t1=True, controller_state=True),
    )
    np.testing.assert_allclose(solution.ts[0], 3 * np.pi / 2, atol=1e-4)
    assert solution.stats["num_rejected_steps"] == 2
    inner = controller.init(TERM, 0.0, 20.0, Y0, 6.0, None, FEW.func, 3)[1]
    assert jax.tree.structure(solution.controller_state) == jax.tree.structure(inner)


@pytest.mark.slow
def test_a_steady_state_ends_an_integration_without_end():
    """y' = a - y is steady when |a - y| < 1e-3; the steady state is a, its derivative 1."""
    term = diffrax.ODETerm(lambda t, y, args: args - y)
    event = diffrax.Event(diffrax.steady_state_event(0.0, 1e-3, optx.rms_norm))

    def run(a):
        return parasim.diffeqsolve(
            term,
            FEW,
            0.0,
            jnp.inf,
            1 / 16,
            jnp.array([0.0]),
            a,
            event=event,
            stepsize_controller=Windows(15),
            adjoint=diffrax.ImplicitAdjoint(),
        )

    np.testing.assert_allclose(run(1.0).ts[0], np.ceil(np.log(1e3) * 16) / 16, rtol=1e-12)
    np.testing.assert_allclose(jax.grad(lambda a: run(a).ys[0, 0])(1.0), 1, rtol=1e-6)


def test_an_event_before_a_blow_up_is_found_and_a_blow_up_is_none():
    """y' = y^2 is 1 / (1 - t). Where a condition is NaN for a while, it does not change."""
    term = diffrax.ODETerm(lambda t, y, args: y**2)

    def level(t, y, args, **kwargs):
        return jnp.where(jnp.abs(t - 0.3) < 0.1, jnp.nan, y[0] - args)

    event = diffrax.Event(level, NEWTON)
    solver = ParallelNewton(steps=400, mode="sequential")

    @eqx.filter_jit
    def run(level):
        y0 = jnp.array([1.0])
        return parasim.diffeqsolve(term, solver, 0.0, 8.0, 4.0, y0, level, event=event, throw=False)

    crossing = run(jnp.array(4.0))
    np.testing.assert_allclose(crossing.ts[0], 0.75, atol=1e-6)
    blow_up = run(jnp.array(-1.0))
    assert blow_up.result == diffrax.RESULTS.nonfinite
    assert not blow_up.event_mask


def test_conditions_see_what_diffrax_gives_them():
    seen = []

    def condition(t, y, args, *, terms, **kwargs):
        seen.append({name: type(value) for name, value in kwargs.items()})
        assert kwargs["solver"].steps == 15
        assert kwargs["stepsize_controller"] == diffrax.ConstantStepSize()
        return y[0]

    event = diffrax.Event(condition)
    parasim.diffeqsolve(TERM, FEW, 0.0, 2.0, 1.0, Y0, event=event)
    ours = {frozenset(names) for names in seen}
    seen.clear()
    diffrax.diffeqsolve(TERM, FEW, 0.0, 2.0, 1.0, Y0, event=event)
    assert ours == {frozenset(names) for names in seen}


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (lambda t, y, args, **kwargs: y, "scalar"),
        (lambda t, y, args, **kwargs: 1, "bool or a float"),
    ],
)
def test_conditions_that_are_none_are_refused(condition, message):
    with pytest.raises(parasim.ConfigError, match=message):
        parasim.diffeqsolve(TERM, SOLVER, 0.0, 2.0, 1.0, Y0, event=diffrax.Event(condition))
