import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.decision._costs import DeviceCosts, WindowMenu
from parasim.integrators.decision._decision import AbstractDecision, AlwaysParallel, Choice
from parasim.integrators.decision._history import History
from parasim.integrators.method._method import Method
from parasim.integrators.newton._newton import NewtonOptions
from parasim.integrators.window._walk import Walker, walk
from parasim.integrators.window._walk_state import Steps, Walk

COSTS = DeviceCosts(step=1.0, iteration=1.0, level=0.0, work=0.0)
OPTIONS = NewtonOptions(Method(interval=4), 1e-10, 1e-10)
COUNT = 102  # in whole intervals neither it nor its pieces fit
MENU = WindowMenu(COUNT, (COUNT, 24), 4, 20, jnp.array(1.0), COSTS)


class Stubborn(AbstractDecision):
    """Takes one piece after the other, whatever comes of it."""

    place: int

    def choose(self, history, menu):
        del menu
        return Choice(
            parallel=jnp.array(True),
            size=jnp.array(self.place, jnp.int32),
            iterations=jnp.array(6, jnp.int32),
            pace=jnp.full((), jnp.inf),
            wait=jnp.array(9, jnp.int32),
            analogue=jnp.array(-1, jnp.int32),
            reason=jnp.array(1, jnp.int32),
            gain=jnp.full((), jnp.nan),
            predicted_iterations=jnp.full((), jnp.nan),
        )


def _step(y, x):
    return 0.9 * jnp.tanh(jnp.array([[0.5, -1.8], [1.8, 0.3]]) @ y) + x


INPUTS = jax.random.normal(jax.random.key(2), (COUNT, 2))


def _walked(decision, step=_step, y0=(0.0, 0.0), inputs=INPUTS):
    y0 = jnp.array(y0)
    walker = Walker.through(Steps(step, inputs, None, None), y0.size, decision, MENU, OPTIONS)
    history = History.start(y0 / y0.size + 0.7, MENU.most, 64)
    return jax.jit(lambda y0: walk(walker, y0, history))(y0)


def _stepped(step, y0, inputs):
    return jax.lax.scan(lambda y, x: (step(y, x),) * 2, jnp.array(y0), inputs)[1]


@pytest.mark.parametrize("decision", [Stubborn(0), Stubborn(1), AlwaysParallel()])
def test_pieces_of_any_size_make_the_same_window(decision):
    walked = _walked(decision)
    states = _stepped(_step, (0.0, 0.0), INPUTS)
    np.testing.assert_allclose(walked.states, states, atol=1e-9)
    np.testing.assert_allclose(walked.y, states[-1], atol=1e-9)
    assert walked.history.delivered == COUNT
    assert walked.update <= 1


def test_what_is_left_is_stepped_through_from_where_the_pieces_end():
    walked = _walked(AlwaysParallel(), lambda y, x: 4 * y * (1 - y) + 0 * x[:1], (0.3,))
    known = int(walked.history.delivered)
    assert 0 < known < COUNT
    rest = _stepped(lambda y, x: 4 * y * (1 - y), walked.states[known - 1], INPUTS[known:])
    np.testing.assert_array_equal(walked.states[known:], rest)


@pytest.mark.parametrize("place", [0, 1])
def test_a_decision_that_never_gives_up_ends_where_nothing_converges(place):
    walked = _walked(Stubborn(place), y0=(jnp.nan, 0.0))
    assert walked.history.delivered == 0
    assert np.isnan(walked.states).all()


def test_what_stops_a_piece_is_stepped_past():
    """The states of the first interval are a million times larger than any guess."""
    factors = jnp.ones((COUNT, 2)).at[:4].set(1e4).at[4:8].set(1e-4)
    walked = _walked(Stubborn(1), lambda y, x: x * y, (0.5, 0.1), factors)
    states = _stepped(lambda y, x: x * y, (0.5, 0.1), factors)
    np.testing.assert_allclose(walked.states, states, rtol=1e-9)
    assert walked.history.delivered == COUNT - 9


class Alternating(Stubborn):
    """Steps nine times after every piece."""

    def choose(self, history, menu):
        stepped = (history.attempts == 0) | (history.since > 0)
        return super().choose(history, menu)._replace(parallel=stepped)


def test_some_steps_may_be_made_between_two_pieces():
    walked = _walked(Alternating(1))
    np.testing.assert_allclose(walked.states, _stepped(_step, (0.0, 0.0), INPUTS), atol=1e-9)
    assert walked.history.attempts == 4  # 24 + 9 steps three times, and 3 more
    assert walked.history.delivered == COUNT - 3 * 9
    assert walked.history.steps == COUNT


def test_growth_over_the_pieces_is_growth_over_the_window():
    """Each step doubles the one direction and halves the other."""
    walked = _walked(Stubborn(1), lambda y, x: jnp.array([2.0, 0.5]) * y + 0 * x, (1e-9, 1.0))
    assert walked.history.delivered == COUNT
    np.testing.assert_allclose(walked.history.log_growth, COUNT * np.log(2), rtol=0.02)


def test_steps_one_after_the_other_are_the_same_by_kernels(monkeypatch):
    def stepped(y0):
        decision = Stubborn(0)
        walker = Walker.through(Steps(_step, INPUTS, None, None), 2, decision, MENU, OPTIONS)
        start = Walk.start(y0, History.start(y0 + 0.7, MENU.most, 64), MENU)
        choice = decision.choose(start.history, MENU)._replace(parallel=jnp.array(False))
        stretched = walker.stretch(start, choice)
        return stretched.y, walker.rest(stretched)

    expected_y, expected = jax.jit(lambda y0: stepped(y0))(jnp.zeros(2))
    monkeypatch.setenv("PARASIM_KERNELS", "interpret")
    y, found = jax.jit(lambda y0: stepped(y0))(jnp.zeros(2))
    np.testing.assert_allclose(y, expected_y, atol=1e-13)
    np.testing.assert_allclose(found.states[:COUNT], expected.states[:COUNT], atol=1e-13)
    np.testing.assert_allclose(found.y, expected.y, atol=1e-13)
    assert found.history.position == COUNT
