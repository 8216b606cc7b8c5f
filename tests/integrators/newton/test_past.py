import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.newton._past import Past


def _circle(steps, period=50):
    angle = 2 * np.pi * jnp.arange(steps) / period
    return jnp.stack([jnp.cos(angle), 3 * jnp.sin(angle)], axis=1)


def _filled(states):
    past = Past.empty(8192, states.shape[1], states.dtype)
    return past.with_more(states, jnp.array(states.shape[0], jnp.int32))


def test_on_a_limit_cycle_the_analogue_is_a_period_ago_and_goes_on_exactly():
    past = _filled(_circle(130))
    nearest = past.analogue()
    assert int(nearest) in (50, 100)
    ends = past.continued(nearest, 20, 8)  # beyond the present, too
    np.testing.assert_allclose(ends, _circle(130 + 160)[129 + 8 :: 8], atol=1e-12)


@pytest.mark.parametrize(
    "states",
    [
        _circle(30),
        _circle(0),
        _circle(120) * jnp.linspace(1, 5, 120)[:, None],  # somewhere near is not enough
        _circle(130).at[-1].set(jnp.nan),
        jnp.linspace(0, 1, 400)[:, None],
    ],
)
def test_where_the_trajectory_has_not_come_back_there_is_no_analogue(states):
    assert _filled(states).analogue() == -1


def test_without_room_there_is_no_analogue():
    assert Past.empty(0, 2, jnp.float64).with_more(_circle(130), jnp.array(130)).analogue() == -1


def test_at_rest_the_last_state_goes_on():
    states = jnp.exp(-jnp.arange(500) / 10)[:, None] * jnp.ones(2)
    past = _filled(states)
    assert past.analogue() == 0
    np.testing.assert_array_equal(past.continued(past.analogue(), 3, 8), [states[-1]] * 3)


def test_the_ring_keeps_the_last_states_and_only_those_that_are_counted():
    past = Past(jnp.zeros((10, 1)), jnp.array(0, jnp.int32))
    write = jax.jit(lambda past, states, count: past.with_more(states, count))
    states = jnp.arange(1.0, 26.0)[:, None]
    past = write(past, states[:7], jnp.array(7, jnp.int32))
    past = write(past, states[7:14], jnp.array(5, jnp.int32))
    assert past.written == 12
    np.testing.assert_array_equal(past.states[:, 0], [11, 12, 3, 4, 5, 6, 7, 8, 9, 10])
    past = write(past, states, jnp.array(25, jnp.int32))  # more than there is room for
    np.testing.assert_array_equal(sorted(past.states[:, 0]), np.arange(16, 26))


def test_room_shrinks_with_the_state():
    assert Past.empty(100, 3, jnp.float64).states.shape == (100, 3)
    assert Past.empty(10**6, 3, jnp.float64).states.shape == (8192, 3)
    assert Past.empty(8192, 100_000, jnp.float64).states.shape == (5, 100_000)
    assert Past.empty(8192, 10**7, jnp.float64).states.shape == (1, 10**7)
