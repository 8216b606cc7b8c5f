"""States, times and controllers of every kind, as in diffrax's `test_basic`."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

from tests.diffrax_conformance.runs import four

SINGLE = jnp.float32
ROOT_FINDER = diffrax.VeryChord(rtol=1e-3, atol=1e-5, norm=optimistix.max_norm)
SHAPES = {
    "array": (2, 3),
    "scalar": (),
    "nothing": None,
    "tree": {"a": (3,), "b": ((), [None, (2, 0)])},
    "empty": [],
}
CONTROLLERS = {
    "constant": diffrax.ConstantStepSize(),
    "adaptive": diffrax.PIDController(rtol=1e-4, atol=1e-6),
}
TIMES = {
    "int": (0, 1, 0.1),
    "float": (0.0, 1.0, 0.1),
    "int32": (jnp.array(0), jnp.array(1), jnp.array(0.1, SINGLE)),
    "float32": (jnp.array(0.0, SINGLE), jnp.array(1.0, SINGLE), jnp.array(0.1, SINGLE)),
}
INNER = {
    "Euler": diffrax.HalfSolver(diffrax.Euler()),
    "Tsit5": diffrax.Tsit5(),
    "ImplicitEuler": diffrax.ImplicitEuler(root_finder=ROOT_FINDER),
    "Kvaerno3": diffrax.Kvaerno3(root_finder=ROOT_FINDER),
}


def _state(shapes, dtype):
    is_shape = lambda node: isinstance(node, tuple) and all(isinstance(n, int) for n in node)  # noqa: E731
    return jax.tree.map(
        lambda shape: jnp.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape).astype(dtype),
        shapes,
        is_leaf=is_shape,
    )


def _run(solver, times, y0, controller, rate):
    t0, t1, dt0 = TIMES[times]
    return diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: jax.tree.map(lambda leaf: rate * leaf, y)),
        solver,
        t0,
        t1,
        dt0,
        y0,
        stepsize_controller=CONTROLLERS[controller],
    ).ys


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inner", "times", "shapes", "controller"),
    [
        ("Tsit5", "float32", "array", "constant"),
        ("Tsit5", "float32", "tree", "adaptive"),
        ("Tsit5", "float32", "nothing", "constant"),
        ("Tsit5", "int", "scalar", "adaptive"),
        ("Tsit5", "int32", "tree", "constant"),
        ("Tsit5", "float", "empty", "adaptive"),
        ("Euler", "float32", "nothing", "adaptive"),
        ("Euler", "int32", "scalar", "adaptive"),
        ("Euler", "float", "tree", "constant"),
        ("ImplicitEuler", "float32", "scalar", "constant"),
        ("ImplicitEuler", "int", "tree", "adaptive"),
        ("Kvaerno3", "float32", "tree", "constant"),
    ],
)
def test_states_and_times_of_every_kind_decay(inner, times, shapes, controller):
    y0 = _state(SHAPES[shapes], SINGLE)
    stock = _run(INNER[inner], times, y0, controller, -1)
    ys = _run(four(INNER[inner]), times, y0, controller, -1)
    assert jax.tree.structure(ys) == jax.tree.structure(stock) == jax.tree.structure(y0)
    for mine, start, expected in zip(*map(jax.tree.leaves, (ys, y0, stock)), strict=True):
        assert mine.dtype == expected.dtype
        np.testing.assert_allclose(mine[0], np.asarray(start) * np.exp(-1), rtol=2e-2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inner", "times", "shapes", "controller"),
    [
        ("Tsit5", "float32", "tree", "constant"),
        ("Tsit5", "int", "scalar", "adaptive"),
        ("Euler", "float32", "scalar", "constant"),
        ("Euler", "int", "tree", "adaptive"),
    ],
)
def test_complex_states_turn(inner, times, shapes, controller):
    y0 = _state(SHAPES[shapes], jnp.complex64)
    with pytest.warns(UserWarning, match="Complex dtype"):
        ys = _run(four(INNER[inner]), times, y0, controller, -1j)
    for mine, start in zip(*map(jax.tree.leaves, (ys, y0)), strict=True):
        np.testing.assert_allclose(mine[0], np.asarray(start) * np.exp(-1j), rtol=2e-2)
