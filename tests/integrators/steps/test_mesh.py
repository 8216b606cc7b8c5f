import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.steps._mesh import Mesh


def _mesh(nodes, slots):
    ends = jnp.full(slots, jnp.inf).at[: len(nodes) - 1].set(jnp.array(nodes[1:], float))
    return Mesh.of_ends(jnp.array(nodes[0], float), ends, jnp.array(len(nodes) - 1, jnp.int32))


def test_unused_nodes_are_where_the_last_step_ends():
    mesh = _mesh([0, 1, 4], 4)
    np.testing.assert_array_equal(mesh.nodes, [0, 1, 4, 4, 4])
    np.testing.assert_array_equal(mesh.made, [True, True, False, False])
    assert mesh.end == 4


def test_steps_are_divided_into_equal_parts_that_know_whose_they_are():
    finer, parent = jax.jit(Mesh.divided)(_mesh([0, 1, 4], 6), jnp.array([2, 3, 9, 9, 9, 9]))
    np.testing.assert_allclose(finer.nodes, [0, 0.5, 1, 2, 3, 4, 4], rtol=1e-15)
    np.testing.assert_array_equal(parent[:5], [0, 0, 1, 1, 1])
    assert finer.steps == 5


@pytest.mark.parametrize(("parts", "steps", "end"), [([3, 3], 3, 1.0), ([9, 1], 0, 0.0)])
def test_steps_for_which_there_is_no_room_are_left_out(parts, steps, end):
    finer, _ = _mesh([0, 1, 4], 4).divided(jnp.array([*parts, 1, 1]))
    assert (finer.steps, finer.end) == (steps, end)


def test_parts_without_measure_do_not_overflow():
    most = jnp.iinfo(jnp.int32).max
    finer, _ = _mesh([0, 1, 4], 4).divided(jnp.full(4, most, jnp.int32))
    assert (finer.steps, finer.end) == (0, 0.0)


@pytest.mark.parametrize(("slots", "nodes"), [(5, [0, 1, 2, 3, 4, 4]), (3, [0, 1, 2, 3])])
def test_one_mesh_follows_another_as_far_as_there_is_room(slots, nodes):
    first, other = _mesh([0, 1, 2], slots), _mesh([2, 3, 4], slots)
    joined, place = first.followed_by(other)
    np.testing.assert_array_equal(joined.nodes, nodes)
    np.testing.assert_array_equal(place[2:3], [0])
    assert joined.steps == min(4, slots)


def test_a_node_belongs_to_the_step_that_ends_there():
    steps = _mesh([0, 1, 4], 4).step_at(jnp.array([-1, 0, 0.5, 1, 1.5, 4, 9]))
    np.testing.assert_array_equal(steps, [0, 0, 0, 0, 1, 1, 1])
