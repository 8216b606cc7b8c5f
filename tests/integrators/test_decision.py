import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import ParallelNewton
from parasim.integrators import REASONS, _decision as decision
from parasim.integrators._costs import WindowShape
from parasim.integrators._decision import History, decide, remember
from tests.problems import CHAOTIC, PARALLEL_PAYS, PREDICTABLE, run

SHAPE = WindowShape(steps=1024, interval=8, size=3, duration=jnp.array(10.0))


def _history(**changes):
    start = History.start(jnp.array([1.0, 0.0, 0.0]))
    return start._replace(**{name: jnp.asarray(value) for name, value in changes.items()})


def _decided(history, shape=SHAPE, costs=PARALLEL_PAYS):
    parallel, reason = decide(history, shape, costs)
    return bool(parallel), int(reason)


def _after(history, parallel, converged, iterations, growth_rate=jnp.nan):
    return remember(
        history,
        SHAPE,
        PARALLEL_PAYS,
        parallel=jnp.array(parallel),
        converged=jnp.array(converged),
        iterations=jnp.array(iterations),
        growth_rate=jnp.array(growth_rate),
        tangent=history.tangent,
    )


def test_a_window_too_small_for_a_trial_is_left_to_the_device():
    tiny = SHAPE._replace(steps=24)
    assert PARALLEL_PAYS.affordable_iterations(tiny) > 1
    assert _decided(_history(), tiny) == (False, decision.DEVICE)


def test_the_first_window_is_tried():
    assert _decided(_history()) == (True, decision.TRIAL)


@pytest.mark.parametrize(
    ("growth_rate", "expected"),
    [(-5.0, (True, decision.CALM)), (1.0, (True, decision.CALM)), (2.5, (False, decision.GROWTH))],
)
def test_growth_over_the_window_decides_before_iterations_are_known(growth_rate, expected):
    assert _decided(_history(growth_rate=growth_rate)) == expected


def test_iterations_of_the_last_window_speak_louder_than_growth():
    assert _decided(_history(growth_rate=9.0, iterations=5)) == (True, decision.PAID)


def test_failures_are_followed_by_ever_longer_waits():
    history, waits = _history(), []
    for _ in range(3):
        history = _after(history, parallel=True, converged=False, iterations=32)
        waits.append(0)
        while _decided(history) == (False, decision.WAITING):
            history = _after(history, parallel=False, converged=False, iterations=0)
            waits[-1] += 1
    assert waits == [2, 4, 8]


def test_a_window_that_converged_too_slowly_did_not_pay():
    history = _after(_history(), parallel=True, converged=True, iterations=60)
    assert _decided(history) == (False, decision.WAITING)


def test_success_ends_the_waits():
    history = _after(_history(failures=5), parallel=True, converged=True, iterations=4)
    assert int(history.failures) == 0
    assert _decided(history) == (True, decision.PAID)


def test_a_window_without_a_measurement_keeps_the_last_growth():
    history = _after(_history(growth_rate=0.7), False, False, 0)
    assert history.growth_rate == 0.7
    assert int(history.windows) == 1


def test_every_reason_has_words():
    assert "another member" in REASONS[decision.BATCH]
    codes = [getattr(decision, name) for name in dir(decision) if name.isupper() and name[0] != "_"]
    numbers = sorted(code for code in codes if isinstance(code, int))
    np.testing.assert_array_equal(numbers, range(len(REASONS)))


def test_auto_is_sequential_on_a_cpu_and_says_why():
    windows = parasim.windows(run(PREDICTABLE["logistic"], ParallelNewton()))
    np.testing.assert_array_equal(windows["mode"], 0)
    assert all("on this device" in reason for reason in windows["reason"])


def test_auto_stays_parallel_where_that_pays():
    solver = ParallelNewton(costs=PARALLEL_PAYS)
    windows = parasim.windows(run(PREDICTABLE["Lorenz rho=10"], solver))
    np.testing.assert_array_equal(windows["mode"], 1)
    assert "trial" in windows["reason"][0]
    assert "few enough" in windows["reason"][-1]


def test_auto_leaves_parallel_where_it_does_not_pay():
    solver = ParallelNewton(steps=512, costs=PARALLEL_PAYS, max_iterations=6)
    windows = parasim.windows(run(CHAOTIC["Lorenz-63"], solver))
    assert windows["fell_back"][0]
    assert np.mean(windows["iterations"] > 0) < 0.5
