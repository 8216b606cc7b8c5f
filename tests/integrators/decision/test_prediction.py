import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.decision._costs import DeviceCosts, WindowMenu
from parasim.integrators.decision._history import ANALOGUE, COARSE, History, Outcome
from parasim.integrators.decision._prediction import _extended, _usual_advance, better_kind, predict

# A coarse pass over 8 steps costs a step, an iteration 10, and an analogue as much.
COSTS = DeviceCosts(step=1.0, iteration=10.0, level=0.0, work=0.0)
MENU = WindowMenu(
    steps=1024, sizes=(1024, 256, 64), interval=8, most=4, duration=jnp.array(1.0), costs=COSTS
)
START = History.start(jnp.array([1.0, 0.0]), MENU.most, 0)
_SOME = jnp.array(50, jnp.int32)
_predict = jax.jit(lambda history, analogue=_SOME: predict(history, MENU, analogue))
_better = jax.jit(lambda history, times, analogue: better_kind(history, MENU, times, analogue))
_fronts_of_256 = jax.jit(lambda history: _extended(history, 256, _usual_advance(history)))
_after_piece = jax.jit(lambda history, outcome: history.after_piece(outcome, MENU))


def _after(history, fronts, kind=COARSE, length=256, growth=0.0):
    integers = [MENU.sizes.index(length), kind, length, MENU.most, fronts, max(fronts)]
    outcome = Outcome(
        *(jnp.asarray(each, jnp.int32) for each in integers),
        jnp.array(growth),
        jnp.array([1.0, 0.0]),
    )
    history = _after_piece(history, outcome)
    return history._replace(position=jnp.zeros_like(history.position))


def test_of_what_is_not_known_nothing_is_expected():
    assert np.isinf(_predict(START).time).all()
    prediction = _predict(_after(START, (100, 200, 256, 256)))
    assert np.isinf(prediction.time[ANALOGUE]).all()
    assert np.isfinite(prediction.time[COARSE, 1]).all()


def test_one_piece_tells_of_all_shorter_ones():
    """It is best to make three iterations on 256 steps, which take 62 and deliver 240."""
    prediction = _predict(_after(START, (100, 200, 240, 240)))
    assert prediction.pace == pytest.approx(240 / 62)
    left = (1024 - np.array([100, 200, 240, 240])) / 240 + 0.5
    np.testing.assert_allclose(prediction.time[COARSE, 1], [42, 52, 62, 72] + 62 * left)
    np.testing.assert_allclose(prediction.iterations[COARSE, 1], [1, 2, 3, 4] + 3 * left)
    # Of 64 steps all have converged after one iteration.
    np.testing.assert_allclose(prediction.time[COARSE, 2], 8 + 10 + 62 * (960 / 240 + 0.5))


def test_a_piece_must_pay_by_itself():
    """In one iteration eight steps converge, which costs as much as 18 to 138."""
    prediction = _predict(_after(START, (8, 256, 256, 256)))
    assert np.isinf(prediction.time[COARSE, :, 0]).all()
    assert np.isfinite(prediction.time[COARSE, 1, 1])


def test_pieces_that_converge_make_longer_ones_possible_but_not_the_longest():
    prediction = _predict(_after(START, (64, 64, 64, 64), length=64))
    assert np.isfinite(prediction.time[COARSE, 1]).any()
    assert np.isinf(prediction.time[COARSE, 0]).all()


def test_longer_pieces_tell_how_shorter_ones_would_have_gone_on():
    """Two iterations for 192 steps, which has 0.8 of the weight of one for as many."""
    history = _after(_after(START, (8, 64, 160, 256)), (8, 64, 64, 64), length=64)
    expected = [8, 64, 64 + 1.8 * 192 / (1 + 0.8 * 2), 256]
    np.testing.assert_allclose(_fronts_of_256(history)[COARSE, :2], [expected, [8, 64, 160, 256]])


def test_growth_is_that_of_the_last_pieces():
    """A longer piece takes two iterations more for every nat."""
    converged = (64, 64, 64, 64)

    def after(first, then):
        history = _after(START, converged, length=64, growth=first)
        for _ in range(20):
            history = _after(history, converged, length=64, growth=then)
        return _predict(history)

    calm, grown = after(0.0, 0.0), after(0.0, 64.0)
    assert after(64.0, 0.0).pace == pytest.approx(float(calm.pace), rel=0.02)
    assert calm.pace == pytest.approx(256 / (32 + 20))
    assert grown.pace < calm.pace


def test_old_pieces_count_for_less_by_the_pieces_since_of_either_kind():
    good, bad = (1024, 1024, 1024, 1024), (8, 8, 8, 8)

    def paces(others):
        history = _after(START, bad, length=1024)
        for _ in range(others):
            history = _after(history, bad, kind=ANALOGUE, length=1024)
        return _predict(_after(history, good, length=1024)).pace

    alone = _predict(_after(START, good, length=1024)).pace
    assert paces(0) < 0.6 * alone
    np.testing.assert_allclose(paces(20), alone, rtol=0.02)


def test_without_analogues_for_four_pieces_nothing_is_hoped_of_them():
    """A coarse pass delivers 256 steps in 8 + 40, an analogue 1,024 in one iteration."""
    none = jnp.array(-1, jnp.int32)
    history = _after(START, (1024, 1024, 1024, 1024), kind=ANALOGUE, length=1024)
    for _ in range(3):
        history = _after(history, (64, 128, 192, 256))
    assert _predict(history, none).pace == pytest.approx(1024 / 20)
    history = _after(history, (64, 128, 192, 256))
    assert _predict(history).pace == pytest.approx(1024 / 20)
    assert _predict(history, none).pace < 256 / 48


@pytest.mark.parametrize("length", [64, 256])
def test_for_lack_of_an_analogue_coarse_pieces_are_as_long_as_it_was_missing(length):
    """A coarse pass delivers 64 steps in 8 + 10 or 256 in 32 + 20, an analogue 1,024 in 20."""
    history = START
    for _ in range(2):
        history = _after(history, (1024, 1024, 1024, 1024), kind=ANALOGUE, length=1024)
        history = _after(history, (64, length, length, length), length=length)
    history = history._replace(attempts=history.attempts + 1)  # the last one ended it too
    time = _predict(history, jnp.array(-1, jnp.int32)).time[COARSE]
    assert MENU.sizes[np.argmin(time) // MENU.most] == length


@pytest.mark.parametrize(
    ("tried", "times", "analogue", "expected"),
    [
        ((), (np.inf, np.inf), 50, COARSE),
        ((COARSE,), (300.0, np.inf), 50, ANALOGUE),
        ((COARSE,), (300.0, np.inf), -1, COARSE),
        ((COARSE, ANALOGUE), (300.0, 200.0), 50, ANALOGUE),
        ((COARSE, ANALOGUE), (300.0, 200.0), -1, COARSE),
        ((COARSE, ANALOGUE), (200.0, 300.0), 50, COARSE),
        ((ANALOGUE, *4 * [COARSE]), (200.0, 300.0), 50, ANALOGUE),  # four others since: its turn
        ((COARSE, *4 * [ANALOGUE]), (300.0, 200.0), 50, COARSE),
        ((COARSE, *4 * [ANALOGUE]), (300.0, 20.0), 50, ANALOGUE),  # coarse: 138 at the least
    ],
)
def test_the_better_kind_of_guess_is_taken_and_the_other_now_and_then(
    tried, times, analogue, expected
):
    history = START
    for kind in tried:
        history = _after(history, (256, 256, 256, 256), kind=kind)
    kind, due = _better(history, jnp.array(times), jnp.array(analogue, jnp.int32))
    assert kind == expected
    assert due == (analogue >= 0 and np.inf > times[kind] > min(times))


@pytest.mark.parametrize(("length", "pieces"), [(1024, 11), (64, 16)])
def test_after_dear_coarse_passes_an_analogue_is_tried_again_sooner(length, pieces):
    """Six iterations from one take 70, a twentieth of 11 coarse pieces of 138; others take 18."""
    history = START
    for _ in range(15):
        history = _after(history, (64, 64, 64, 64), length=64)
    history = _after(history, (8, 8, 8, 8), kind=ANALOGUE, length=64)
    dues = []
    for _ in range(pieces):
        history = _after(history, (length, length, length, length), length=length)
        dues.append(bool(_better(history, jnp.array([200.0, 300.0]), _SOME)[1]))
    assert dues == [*[False] * (pieces - 1), True]
