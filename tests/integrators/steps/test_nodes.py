import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.steps._nodes import inner_step_at, step_count, window_node, window_nodes


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_nodes_are_equally_spaced_with_exact_ends(dtype):
    t0, t1 = jnp.array(0.1, dtype), jnp.array(1.7, dtype)
    nodes = window_nodes(t0, t1, jnp.array(7), 7)
    assert nodes.dtype == dtype
    assert nodes[0] == t0
    assert nodes[-1] == t1
    np.testing.assert_allclose(jnp.diff(nodes), 1.6 / 7, rtol=1e-5)


def test_nodes_beyond_the_count_stand_at_the_end():
    nodes = window_nodes(jnp.array(0.0), jnp.array(3.0), jnp.array(3), 5)
    np.testing.assert_array_equal(nodes, [0, 1, 2, 3, 3, 3])


@pytest.mark.parametrize(
    ("length", "expected"), [(1.0, 10), (0.95, 10), (0.9005, 9), (0.01, 1), (0.0, 1), (2.0, 16)]
)
def test_a_window_is_divided_into_steps_of_the_size_or_less(length, expected):
    assert step_count(jnp.array(5.0), jnp.array(5.0 + length), 0.1, 16) == expected


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_rounding_errors_of_times_make_no_extra_step(dtype):
    for n in range(1, 1000, 7):
        t0 = jnp.array(100.0, dtype)
        t1 = (t0 + jnp.array(n * 0.1, dtype)).astype(dtype)
        assert step_count(t0, t1, 0.1, 1024) == n


def test_a_window_of_times_that_are_not_finite_has_all_its_steps():
    assert step_count(jnp.array(0.0), jnp.array(jnp.nan), 0.1, 16) == 16


def test_times_lie_in_the_step_that_contains_them():
    t0, t1, count = jnp.array(1.0), jnp.array(3.0), jnp.array(4)
    times = jnp.array([0.9, 1.0, 1.49, 1.5, 1.51, 2.99, 3.0, 3.1])
    np.testing.assert_array_equal(inner_step_at(t0, t1, count, times), [0, 0, 0, 0, 1, 3, 3, 3])
    assert window_node(t0, t1, count, jnp.array(1)) == 1.5


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_every_node_belongs_to_the_step_that_ends_there(dtype):
    t0, t1 = jnp.array(0.1, dtype), jnp.array(1.7, dtype)
    for count in (7, 10, 97):
        nodes = window_nodes(t0, t1, jnp.array(count), count)
        np.testing.assert_array_equal(
            inner_step_at(t0, t1, jnp.array(count), nodes), [0, *range(count)]
        )


def test_a_window_without_length_has_its_times_in_the_first_step():
    t = jnp.array(1.0)
    assert inner_step_at(t, t, jnp.array(4), t) == 0
