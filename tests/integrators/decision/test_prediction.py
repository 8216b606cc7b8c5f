import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.decision._history import ANALOGUE, COARSE
from parasim.integrators.decision._prediction import predict
from tests.integrators.decision.pieces import MENU, START, after

_SOME = jnp.array(50, jnp.int32)
_predict = jax.jit(lambda history, analogue=_SOME: predict(history, MENU, analogue))


def test_of_what_is_not_known_nothing_is_expected():
    assert np.isinf(_predict(START).time).all()
    prediction = _predict(after(START, (100, 200, 256, 256)))
    assert np.isinf(prediction.time[ANALOGUE]).all()
    assert np.isfinite(prediction.time[COARSE, 1]).all()


def test_it_relies_on_no_promotion():
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        jax.eval_shape(lambda: predict(START, MENU, _SOME))


def test_one_piece_tells_of_all_shorter_ones():
    """It is best to make three iterations on 256 steps, which take 62 and deliver 240."""
    prediction = _predict(after(START, (100, 200, 240, 240)))
    assert prediction.pace == pytest.approx(240 / 62)
    left = (1024 - np.array([100, 200, 240, 240])) / 240 + 0.5
    np.testing.assert_allclose(prediction.time[COARSE, 1], [42, 52, 62, 72] + 62 * left)
    np.testing.assert_allclose(prediction.iterations[COARSE, 1], [1, 2, 3, 4] + 3 * left)
    # Of 64 steps all have converged after one iteration.
    np.testing.assert_allclose(prediction.time[COARSE, 2], 8 + 10 + 62 * (960 / 240 + 0.5))


def test_a_piece_must_pay_by_itself():
    """In one iteration eight steps converge, which costs as much as 18 to 138."""
    prediction = _predict(after(START, (8, 256, 256, 256)))
    assert np.isinf(prediction.time[COARSE, :, 0]).all()
    assert np.isfinite(prediction.time[COARSE, 1, 1])


def test_pieces_that_converge_make_longer_ones_possible_but_not_the_longest():
    prediction = _predict(after(START, (64, 64, 64, 64), length=64))
    assert np.isfinite(prediction.time[COARSE, 1]).any()
    assert np.isinf(prediction.time[COARSE, 0]).all()


def test_growth_is_that_of_the_last_pieces():
    """A longer piece takes two iterations more for every nat."""
    converged = (64, 64, 64, 64)

    def grown_by(first, then):
        history = after(START, converged, length=64, growth=first)
        for _ in range(20):
            history = after(history, converged, length=64, growth=then)
        return _predict(history)

    calm, grown = grown_by(0.0, 0.0), grown_by(0.0, 64.0)
    assert grown_by(64.0, 0.0).pace == pytest.approx(float(calm.pace), rel=0.02)
    assert calm.pace == pytest.approx(256 / (32 + 20))
    assert grown.pace < calm.pace


def test_old_pieces_count_for_less_by_the_pieces_since_of_either_kind():
    good, bad = (1024, 1024, 1024, 1024), (8, 8, 8, 8)

    def paces(others):
        history = after(START, bad, length=1024)
        for _ in range(others):
            history = after(history, bad, kind=ANALOGUE, length=1024)
        return _predict(after(history, good, length=1024)).pace

    alone = _predict(after(START, good, length=1024)).pace
    assert paces(0) < 0.6 * alone
    np.testing.assert_allclose(paces(20), alone, rtol=0.02)


def test_without_analogues_for_four_pieces_nothing_is_hoped_of_them():
    """A coarse pass delivers 256 steps in 8 + 40, an analogue 1,024 in one iteration."""
    none = jnp.array(-1, jnp.int32)
    history = after(START, (1024, 1024, 1024, 1024), kind=ANALOGUE, length=1024)
    for _ in range(3):
        history = after(history, (64, 128, 192, 256))
    assert _predict(history, none).pace == pytest.approx(1024 / 20)
    history = after(history, (64, 128, 192, 256))
    assert _predict(history).pace == pytest.approx(1024 / 20)
    assert _predict(history, none).pace < 256 / 48


@pytest.mark.parametrize("length", [64, 256])
def test_for_lack_of_an_analogue_coarse_pieces_are_as_long_as_it_was_missing(length):
    """A coarse pass delivers 64 steps in 8 + 10 or 256 in 32 + 20, an analogue 1,024 in 20."""
    history = START
    for _ in range(2):
        history = after(history, (1024, 1024, 1024, 1024), kind=ANALOGUE, length=1024)
        history = after(history, (64, length, length, length), length=length)
    history = history._replace(attempts=history.attempts + 1)  # the last one ended it too
    time = _predict(history, jnp.array(-1, jnp.int32)).time[COARSE]
    assert MENU.sizes[np.argmin(time) // MENU.most] == length
