import jax.numpy as jnp
import numpy as np

from parasim.integrators.decision._costs import DeviceCosts, WindowMenu
from parasim.integrators.decision._history import History, Outcome

COSTS = DeviceCosts(step=2.0, iteration=10.0, level=0.0, work=0.0)
MENU = WindowMenu(
    steps=256, sizes=(256, 64), interval=8, most=4, duration=jnp.array(1.0), costs=COSTS
)
START = History.start(jnp.array([1.0, 0.0]), MENU.most, 0)


def outcome(place=1, length=64, iterations=2, accepted=64, fronts=(32, 64, 64, 64)):
    return Outcome(
        place=jnp.asarray(place, jnp.int32),
        kind=jnp.asarray(0, jnp.int32),
        length=jnp.asarray(length, jnp.int32),
        iterations=jnp.asarray(iterations, jnp.int32),
        fronts=jnp.asarray(fronts, jnp.int32),
        accepted=jnp.asarray(accepted, jnp.int32),
        log_growth=jnp.array(0.0),
        tangent=jnp.array([0.0, 1.0]),
    )


def test_a_piece_is_reckoned_as_its_guess_and_its_iterations():
    history = START.after_piece(outcome(), MENU)
    assert history.spent == 8 * 2 + 2 * 10
    assert history.steps == history.position == 64
    assert history.iterations == 2
    assert history.wasted == 0
    np.testing.assert_array_equal(history.pieces.lengths[0][:2], [64, 0])
    np.testing.assert_array_equal(history.pieces.fronts[0][0], [32, 64, 64, 64])


def test_what_a_piece_took_beyond_stepping_is_wasted():
    history = START.after_piece(outcome(accepted=8, iterations=4), MENU)
    assert history.wasted == 16 + 40 - 16
    assert history.failures == 1
    assert history.after_piece(outcome(), MENU).failures == 0


def test_the_short_end_of_a_window_tells_nothing_when_it_converges():
    history = START.after_piece(outcome(length=10, accepted=10, iterations=4), MENU)
    assert history.failures == 0
    assert history.pieces.lengths[0][0] == 0
    history = START.after_piece(outcome(length=10, accepted=8, iterations=4), MENU)
    assert history.failures == 1
    assert history.pieces.lengths[0][0] == 10


def test_what_was_before_a_stretch_of_stepping_is_forgotten():
    history = START.after_piece(outcome(), MENU).after_steps(jnp.array(500), MENU)
    assert history.since == 500
    assert history.spent == 36 + 1000
    history = history.after_piece(outcome(length=64), MENU)
    np.testing.assert_array_equal(history.pieces.lengths[0][:2], [64, 0])
    assert history.since == 0


def test_a_window_begins_at_its_beginning():
    history = START.after_piece(outcome(), MENU).after_window(jnp.array(0.5))
    assert history.windows == 1
    assert history.position == history.iterations == 0
    assert history.growth.mean == 0.5
    np.testing.assert_array_equal(history.tangent, [0, 1])
