import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import ConfigError, ParallelNewton
from parasim.integrators import REASONS
from parasim.integrators.decision import _decision as decision
from parasim.integrators.decision._costs import DeviceCosts, WindowMenu
from parasim.integrators.decision._decision import (
    AlwaysParallel,
    ExponentSign,
    GrowthThreshold,
)
from parasim.integrators.decision._history import ANALOGUE, COARSE, History, Outcome
from parasim.integrators.decision._predicted_time import PredictedTime
from tests.problems import CHAOTIC, PARALLEL_PAYS, PREDICTABLE, run

# A trial of six iterations costs 120 steps, and more pieces pay where more than 20 steps converge
# in each iteration.
COSTS = DeviceCosts(step=1.0, iteration=20.0, level=0.0, work=0.0)
MENU = WindowMenu(
    steps=1024, sizes=(1024, 256, 64), interval=64, most=8, duration=jnp.array(1.0), costs=COSTS
)
START = History.start(jnp.array([1.0, 0.0, 0.0]), MENU.most, 0)


_choose = eqx.filter_jit(lambda rule, history: rule.choose(history, MENU))
_after_piece = jax.jit(lambda history, outcome: history.after_piece(outcome, MENU))
_after_steps = jax.jit(lambda history, count: history.after_steps(count, MENU))


def _after(history, front, length=64, iterations=6, kind=COARSE, growth=0.0):
    """One more piece, of which so many steps converge in each iteration."""
    fronts = np.minimum(np.arange(1, MENU.most + 1), iterations) * front
    outcome = Outcome(
        place=jnp.asarray(MENU.sizes.index(length), jnp.int32),
        kind=jnp.asarray(kind, jnp.int32),
        length=jnp.asarray(length, jnp.int32),
        iterations=jnp.asarray(iterations, jnp.int32),
        fronts=jnp.asarray(np.minimum(fronts, length), jnp.int32),
        accepted=jnp.asarray(min(front * iterations, length), jnp.int32),
        log_growth=jnp.array(growth),
        tangent=history.tangent,
    )
    return _after_piece(history, outcome)


def _grown(rate, windows=3):
    history = START
    for _ in range(windows):
        history = history.after_window(jnp.array(rate))
    return history


@pytest.mark.parametrize(
    ("iteration", "size", "iterations"), [(10.0, 64, 6), (20.0, 256, 6), (60.0, 256, 4)]
)
def test_the_first_piece_is_the_smallest_of_which_its_iterations_would_pay(
    iteration, size, iterations
):
    menu = MENU._replace(costs=DeviceCosts(1.0, iteration, 0.0, 0.0))
    choice = eqx.filter_jit(PredictedTime().choose)(START, menu)
    assert choice.parallel
    assert choice.reason == decision.TRIAL
    assert MENU.sizes[int(choice.size)] == size
    assert int(choice.iterations) == iterations
    assert np.isnan(choice.gain)


def _at_the_beginning(history):
    """The same history at the beginning of a window."""
    return history._replace(position=jnp.zeros_like(history.position))


def test_pieces_that_converge_at_once_are_followed_by_longer_ones():
    history = _after(START, front=64, iterations=1)
    choice = _choose(PredictedTime(), history)
    assert choice.parallel
    assert choice.reason == decision.PAID
    assert MENU.sizes[int(choice.size)] == 256
    history = _at_the_beginning(_after(history, front=256, length=256, iterations=1))
    choice = _choose(PredictedTime(), history)
    assert MENU.sizes[int(choice.size)] == 1024
    assert choice.gain > 10


def test_iterations_are_predicted_for_the_whole_window():
    """Pieces of 64 steps, of which 32 converge in each iteration: there are 16 in the window."""
    history = _at_the_beginning(_after(START, front=32, iterations=2, growth=64.0))
    # At the end of a window half a piece is lost.
    assert _choose(PredictedTime(), history).predicted_iterations == (16 + 0.5) * 2
    history = _at_the_beginning(_after(START, front=256, length=256, iterations=1))
    longest = _choose(PredictedTime(), history)
    assert longest.predicted_iterations == 2  # in one piece, of which the first 256 took one
    assert np.isnan(_choose(PredictedTime(), START).predicted_iterations)


def test_the_last_few_steps_of_a_window_are_stepped_through():
    """An iteration takes as long as 20 steps."""
    history = _after(START, front=64, iterations=1)
    near = history._replace(position=jnp.asarray(1024 - 12, jnp.int32))
    assert not _choose(PredictedTime(), near).parallel
    far = history._replace(position=jnp.asarray(1024 - 60, jnp.int32))
    assert _choose(PredictedTime(), far).parallel


def test_what_one_kind_of_guess_promises_is_no_reason_for_a_piece_of_the_other():
    history = _after(_after(START, front=1), front=64, iterations=1, kind=ANALOGUE)
    assert not _choose(PredictedTime(), history).parallel  # there is no analogue at present


def test_growth_keeps_pieces_short():
    """Two iterations more for every nat."""
    history = _after(START, front=64, iterations=1, growth=3.0)
    choice = _choose(PredictedTime(), history)
    assert choice.parallel
    assert MENU.sizes[int(choice.size)] == 64


def test_the_fronts_say_how_many_iterations_are_best():
    """Of 256 steps 100 converge in two iterations, and then one interval after the other."""
    fronts = jnp.minimum(100 + 8 * jnp.arange(-1, MENU.most - 1, dtype=jnp.int32), 256)
    fronts = fronts.at[0].set(8)
    lengths = START.pieces.lengths.at[COARSE, 0].set(256)
    fronts = START.pieces.fronts.at[COARSE, 0].set(fronts)
    history = START._replace(pieces=START.pieces._replace(lengths=lengths, fronts=fronts))
    choice = _choose(PredictedTime(), history)
    assert MENU.sizes[int(choice.size)] == 256
    assert choice.iterations == 2


def test_after_a_piece_that_did_not_pay_as_many_iterations_are_made_as_in_a_trial():
    history = START
    for _ in range(4):
        history = _after(history, front=100, length=256, iterations=2)
    assert _choose(PredictedTime(), _at_the_beginning(history)).iterations == 2
    history = _after(history, front=8, length=256, iterations=2)
    choice = _choose(PredictedTime(), _at_the_beginning(history))
    assert choice.reason == decision.PAID
    assert choice.iterations == 6


def test_what_does_not_pay_is_tried_again_ever_later():
    rule, history, waits = PredictedTime(budget=1.0), START, []
    for _ in range(4):
        history = _after(history, front=1)
        waits.append(0)
        while _choose(rule, history).reason == decision.WAITING:
            history = _after_steps(history, jnp.array(64))
            waits[-1] += 64
        assert _choose(rule, history).reason == decision.TRIAL
    assert waits == [64, 64, 128, 256]


def test_where_nothing_pays_both_kinds_of_guess_are_tried_in_turn():
    """A trajectory that rests is its own analogue, but here nothing converges from there either."""
    rest = jnp.zeros((256, 3))
    history = History.start(jnp.array([1.0, 0.0, 0.0]), MENU.most, 256)
    history = history._replace(past=history.past.with_more(rest, jnp.array(256)), steps=1e4)
    kinds = []
    for _ in range(6):
        choice = _choose(PredictedTime(), history._replace(since=jnp.array(1e6)))
        assert choice.reason == decision.TRIAL
        kinds.append(ANALOGUE if choice.analogue >= 0 else COARSE)
        history = _after(history, front=1, kind=kinds[-1])
    assert kinds == 3 * [COARSE, ANALOGUE]


def test_trials_stay_within_the_budget():
    """Each trial costs 120 + 1 for its coarse pass and delivers 6 steps."""
    rule, history, reasons = PredictedTime(budget=0.02, wait=1), START, []
    for _ in range(500):
        choice = _choose(rule, history)
        reasons.append(int(choice.reason))
        if choice.parallel:
            history = _after(history, front=1)
        else:
            history = _after_steps(history, jnp.array(64))
        assert history.spent <= 1.02 * history.steps + 1024 / 4
    assert reasons.count(decision.TRIAL) > 2
    assert decision.BUDGET in reasons


def test_pieces_that_are_expected_to_pay_stay_within_the_budget_too():
    history = _after(START, front=64, iterations=1)
    assert _choose(PredictedTime(), history).reason == decision.PAID
    poor = history._replace(spent=history.spent + 300)
    assert _choose(PredictedTime(), poor).reason == decision.BUDGET


def test_a_trial_that_pays_ends_the_waits():
    history = START
    for _ in range(5):
        history = _after_steps(_after(history, front=1), jnp.array(10_000))
    history = _after(history, front=64, iterations=1)
    assert history.failures == 0
    assert _choose(PredictedTime(), history).reason == decision.PAID


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(-5.0, (True, decision.CALM)), (1.0, (True, decision.CALM)), (2.5, (False, decision.GROWTH))],
)
def test_the_running_growth_over_a_window_is_compared_with_a_threshold(rate, expected):
    choice = _choose(GrowthThreshold(2.0), _grown(rate))
    assert (bool(choice.parallel), int(choice.reason)) == expected


@pytest.mark.parametrize("rate", [-0.1, 0.1])
def test_by_the_sign_only_what_does_not_grow_goes_parallel(rate):
    choice = _choose(ExponentSign(), _grown(rate))
    assert bool(choice.parallel) == (rate < 0)


def test_before_anything_is_known_the_threshold_is_tried():
    choice = _choose(GrowthThreshold(), START)
    assert (bool(choice.parallel), int(choice.reason)) == (True, decision.TRIAL)


def test_a_window_is_given_up_that_will_not_be_through_in_time():
    slow = START._replace(iterations=jnp.array(6), position=jnp.array(100))
    fast = START._replace(iterations=jnp.array(6), position=jnp.array(800))
    for rule in (AlwaysParallel(), GrowthThreshold()):
        assert rule.hopeful(START, MENU)
        assert rule.hopeful(slow._replace(iterations=jnp.array(5)), MENU)
        assert not rule.hopeful(slow, MENU)
        assert rule.hopeful(fast, MENU)


@pytest.mark.parametrize("options", [{"margin": -1.0}, {"wait": 0}, {"forgetting": 2.0}])
def test_a_rule_refuses_numbers_of_no_use(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        PredictedTime(**options)


def test_every_reason_has_words():
    assert "another member" in REASONS[decision.BATCH]
    names = {name for name in dir(decision) if name.isupper() and name[0] != "_"}
    codes = [getattr(decision, name) for name in names - {"ANALOGUE"}]
    numbers = sorted(code for code in codes if isinstance(code, int))
    np.testing.assert_array_equal(numbers, range(len(REASONS)))


def test_auto_is_sequential_on_a_cpu_and_says_why():
    windows = parasim.windows(run(PREDICTABLE["logistic"], ParallelNewton()))
    np.testing.assert_array_equal(windows["mode"], 0)
    assert all("on this device" in reason for reason in windows["reason"])


def test_auto_stays_parallel_where_that_pays():
    solver = ParallelNewton(diffrax.Heun(), steps=128, costs=PARALLEL_PAYS)
    windows = parasim.windows(run(PREDICTABLE["Lorenz rho=10"], solver))
    np.testing.assert_array_equal(windows["mode"], 1)
    assert "trial" in windows["reason"][0]
    assert "faster than by stepping" in windows["reason"][-1]


@pytest.mark.slow
def test_auto_leaves_parallel_where_it_does_not_pay():
    costs = DeviceCosts(step=1.0, iteration=50.0, level=0.0, work=0.0)
    solver = ParallelNewton(diffrax.Heun(), steps=128, costs=costs)
    windows = parasim.windows(run(CHAOTIC["Lorenz-63"], solver))
    assert windows["fell_back"][0]
    assert np.mean(windows["iterations"] > 0) < 0.5
