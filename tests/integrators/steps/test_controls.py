import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ParallelNewton
from parasim.integrators.steps._controls import increments, with_increments

TREE = diffrax.VirtualBrownianTree(
    0.0, 1.0, 1e-3, (2,), jax.random.key(0), diffrax.SpaceTimeLevyArea
)
DRIFT = diffrax.ODETerm(lambda t, y, args: -y)
NOISE = diffrax.ControlTerm(lambda t, y, args: jnp.diag(0.1 * y), TREE)
TERMS = diffrax.MultiTerm(DRIFT, NOISE)
STARTS, ENDS = jnp.array([0.0, 0.25, 0.5]), jnp.array([0.25, 0.5, 0.75])


@pytest.mark.parametrize(
    ("solver", "levy"),
    [
        pytest.param(diffrax.EulerHeun(), {}, marks=pytest.mark.slow),
        (diffrax.SPaRK(), {"use_levy": True}),
    ],
)
def test_terms_with_increments_answer_as_they_do_themselves(solver, levy):
    known = increments(solver, TERMS, STARTS, ENDS)
    for n in range(3):
        one = jax.tree.map(lambda leaf, n=n: leaf[n], known)
        term = with_increments(TERMS, one).terms[1]
        got = term.contr(STARTS[n], ENDS[n], **levy)
        expected = NOISE.contr(STARTS[n], ENDS[n], **levy)
        assert jax.tree.structure(got) == jax.tree.structure(expected)
        for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            np.testing.assert_array_equal(a, b)


def test_terms_without_controls_and_solvers_that_may_ask_for_less_have_no_increments():
    class Own(diffrax.EulerHeun):
        pass

    assert increments(diffrax.Tsit5(), DRIFT, STARTS, ENDS) is None
    assert increments(diffrax.HalfSolver(diffrax.EulerHeun()), TERMS, STARTS, ENDS) is None
    assert increments(Own(), TERMS, STARTS, ENDS) is None
    assert with_increments(TERMS, None) is TERMS


@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_a_path_is_asked_once_for_each_step_whatever_the_iterations(mode):
    asked = []

    class Watched(diffrax.AbstractPath):
        t0: float = 0.0
        t1: float = 2.0

        def evaluate(self, t0, t1=None, left=True, use_levy=False):
            jax.debug.callback(lambda start, end: asked.append((float(start), float(end))), t0, t1)
            return jnp.sin(t1) - jnp.sin(t0)

    term = diffrax.ControlTerm(lambda t, y, args: 1 - y**2, Watched())
    solver = ParallelNewton(diffrax.Euler(), steps=16, mode=mode)
    solution = diffrax.diffeqsolve(term, solver, 0.0, 1.0, 1.0, jnp.array(0.1))
    jax.effects_barrier()
    exact = np.tanh(np.sin(1.0) + np.arctanh(0.1))
    np.testing.assert_allclose(solution.ys[0], exact, atol=0.02)
    steps = [(n / 16, (n + 1) / 16) for n in range(16)]
    coarse = [(0.0, 0.5), (0.5, 1.0)]
    assert sorted(asked) == sorted(steps + coarse)


@pytest.mark.parametrize("mode", ["sequential", pytest.param("parallel", marks=pytest.mark.slow)])
def test_the_path_is_the_same_backwards_in_time(mode):
    edges = jnp.linspace(0.9, 0.1, 65)

    def end(solver, ts):
        return diffrax.diffeqsolve(
            TERMS,
            solver,
            0.9,
            0.1,
            None,
            jnp.array([1.0, 2.0]),
            stepsize_controller=diffrax.StepTo(ts),
        ).ys[0]

    solver = ParallelNewton(diffrax.EulerHeun(), steps=32, mode=mode)
    np.testing.assert_allclose(end(solver, edges[::32]), end(diffrax.EulerHeun(), edges), rtol=1e-9)


@pytest.mark.slow
def test_the_end_of_a_smooth_path_can_be_differentiated():
    """The path is a differentiable input like any other."""

    def end(values, solver, dt):
        path = diffrax.LinearInterpolation(jnp.linspace(0.0, 1.0, 5), values)
        term = diffrax.ControlTerm(lambda t, y, args: jnp.cos(y), path)
        return diffrax.diffeqsolve(term, solver, 0.0, 1.0, dt, jnp.array(0.3)).ys[0]

    values = jnp.array([0.0, 0.5, 0.2, 0.9, 1.5])
    ours = eqx.filter_jit(jax.grad(end))(
        values, ParallelNewton(diffrax.Heun(), steps=16, mode="parallel"), 0.5
    )
    theirs = eqx.filter_jit(jax.grad(end))(values, diffrax.Heun(), 1 / 32)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
