import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.method._method import Method
from parasim.integrators.method._multiples import Zero
from parasim.integrators.newton._guess import constant_guess
from parasim.integrators.newton._intervals import Intervals
from parasim.integrators.newton._newton import NewtonOptions, Planned, newton
from parasim.integrators.newton._stages import StageEquations, StageMap, sound_stages

STIFF = 1000.0
METHOD = Method(interval=4)


def _cubic_root(y, x):
    """Solve `s + STIFF s^3 = y + x`, the whole of an implicit step, by Newton's method."""

    def iterate(_, s):
        return s - (s + STIFF * s**3 - y - x) / (1 + 3 * STIFF * s**2)

    return jax.lax.fori_loop(0, 60, iterate, y + x)


def _cubic(y, stages, x):
    (s,) = stages
    slope = 1 / (1 + 3 * STIFF * s**2)
    offset = slope * (y + x - s - STIFF * s**3)
    return StageMap(jnp.diag(slope)[None], offset[None])


def _linear(y, stages, x):
    """`s = (y + x) / (1 + STIFF)`"""
    (s,) = stages
    return StageMap(jnp.eye(1)[None] / (1 + STIFF), ((y + x) / (1 + STIFF) - s)[None])


def _solve(linearised, inputs, y0, method=METHOD, moving=None):
    equations = StageEquations(linearised, (1.0,))
    intervals = Intervals(_never, inputs, method.interval, moving, equations=equations)
    options = NewtonOptions(method, 1e-10, 1e-10)
    guess = constant_guess(y0, intervals.count)

    @jax.jit
    def solved(y0):
        found = newton(intervals, y0, guess, options, Planned.exactly(40), 40)
        return found, intervals.states(intervals.starts(y0, found.ends), found.stages)

    return solved(y0)


def _never(y, x):
    raise AssertionError("a step whose stages are unknowns is not made")


def _stepped(inputs, y0, step=_cubic_root):
    return jax.lax.scan(lambda y, x: (step(y, x),) * 2, y0, inputs)[1]


INPUTS = jax.random.normal(jax.random.key(0), (30, 1))
Y0 = jnp.array([2.0])


def test_states_and_stages_of_a_linear_step_take_one_iteration_and_one_to_certify():
    found, states = _solve(_linear, INPUTS, Y0)
    assert found.prefix == 8
    assert found.iterations == 2
    expected = _stepped(INPUTS, Y0, lambda y, x: (y + x) / (1 + STIFF))
    np.testing.assert_allclose(states, expected, rtol=1e-12)


def test_they_converge_together_to_what_solving_every_step_gives():
    found, states = _solve(_cubic, INPUTS, Y0)
    assert found.prefix == 8
    np.testing.assert_allclose(states, _stepped(INPUTS, Y0), rtol=1e-9)


def test_steps_beyond_the_end_stand_still_whatever_is_there():
    inputs = INPUTS.at[21:].set(jnp.nan)
    found, states = _solve(_cubic, inputs, Y0, moving=jnp.array(21))
    assert found.prefix == 8
    np.testing.assert_allclose(states[:21], _stepped(INPUTS[:21], Y0), rtol=1e-9)
    np.testing.assert_allclose(states[21:], np.broadcast_to(states[20], (9, 1)), rtol=1e-9)


def test_states_that_have_arrived_do_not_count_before_their_stages_have():
    """Without Jacobians states are exact after as many iterations as intervals; stages are not."""
    found, states = _solve(_cubic, INPUTS[:4], Y0, Method(structure=Zero(), interval=4))
    assert found.iterations > 2
    np.testing.assert_allclose(states, _stepped(INPUTS[:4], Y0), rtol=1e-9)


def test_what_cannot_be_solved_is_no_success_and_keeps_what_comes_before():
    found, states = _solve(_cubic, INPUTS.at[13].set(jnp.nan), Y0)
    assert found.prefix == 3
    np.testing.assert_allclose(states[:12], _stepped(INPUTS[:12], Y0), rtol=1e-9)


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf, 1e9])
def test_an_interval_with_an_absurd_stage_begins_again_where_it_starts(bad):
    stages = jnp.ones((3, 4, 2, 1)).at[1, 2, 0].set(bad)
    sound = sound_stages(stages, jnp.array([[5.0], [6.0], [7.0]]), jnp.array(1e6))
    np.testing.assert_array_equal(sound[jnp.array([0, 2])], 1)
    np.testing.assert_array_equal(sound[1], 6)


def test_first_stages_lie_on_chords_and_end_with_a_shorter_interval():
    equations = StageEquations(_cubic, (0.5, 1.0))
    starts, ends = jnp.array([[0.0], [8.0]]), jnp.array([[8.0], [10.0]])
    counted = jnp.array([[True, True, True, True], [True, True, False, False]])
    stages = equations.on_chords(starts, ends, 4, counted)
    np.testing.assert_array_equal(stages[0, :, :, 0], np.arange(1, 9).reshape(4, 2))
    np.testing.assert_array_equal(
        stages[1, :, :, 0], [[8.5, 9.0], [9.5, 10.0], [10.0, 10.0], [10.0, 10.0]]
    )
