"""Each published method has the property that its paper states."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import newton_scan
from parasim.integrators import methods

STEPS = 96
WEIGHTS = 0.6 * jax.random.orthogonal(jax.random.key(0), 3)
INPUTS = jax.random.normal(jax.random.key(1), (STEPS, 3))


def _tanh(state, x):
    state = jnp.tanh(WEIGHTS @ state + x)
    return state, state


def _cubic(state, x):
    """Its tangents grow threefold in the first step, and shrink where it goes."""
    state = state - 0.01 * state**3 + x
    return state, state


def _solved(f, init, xs, method, most=STEPS):
    """The largest error, the iterations, and whether all was found in parallel."""

    @jax.jit
    def solve(init, xs):
        return newton_scan(
            f,
            init,
            xs,
            mode="parallel",
            method=method,
            max_iterations=most,
            restart_every=most,
            return_record=True,
        )

    (_, states), record = solve(init, xs)
    error = np.max(np.abs(states - jax.lax.scan(f, init, xs)[1]))
    return error, int(record.iterations[0]), bool(record.parallel[0])


tanh = partial(_solved, _tanh, jnp.zeros(3), INPUTS)
CUBIC_INPUTS = 0.05 * jnp.sin(jnp.arange(300.0))[:, None]
cubic = partial(_solved, _cubic, jnp.array([12.0]), CUBIC_INPUTS)


@pytest.mark.parametrize(
    "method",
    [
        methods.deer(),
        pytest.param(methods.deep_pcr(), marks=pytest.mark.slow),
        pytest.param(methods.elk(), marks=pytest.mark.slow),
        methods.quasi_deer(),
        pytest.param(methods.quasi_elk(), marks=pytest.mark.slow),
        pytest.param(methods.picard(), marks=pytest.mark.slow),
        methods.jacobi(),
        pytest.param(methods.jacobi_gauss_seidel(), marks=pytest.mark.slow),
        pytest.param(methods.Method(damping=methods.Scaled(0.5)), marks=pytest.mark.slow),
        pytest.param(
            methods.Method(methods.Diagonal(), methods.Clipped(1.0)), marks=pytest.mark.slow
        ),
        pytest.param(methods.Method(methods.LowRank(2)), marks=pytest.mark.slow),
        pytest.param(methods.Method(methods.Banded(1)), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_every_method_gives_what_stepping_gives(method):
    error, _, parallel = tanh(method)
    assert parallel
    assert error < 1e-9


@pytest.mark.slow
def test_quasi_deer_takes_more_iterations_than_deer():
    assert tanh(methods.quasi_deer())[1] > 2 * tanh(methods.deer())[1]


@pytest.mark.slow
@pytest.mark.parametrize("probes", [None, 4])
def test_memory_of_quasi_deer_grows_as_d_and_that_of_deer_as_its_square(probes):
    """By what XLA plans for 64 steps: of 64 variables where 16 were, `T d` is 4 times as much."""

    def planned(d, method):
        def ring(state, x):
            state = jnp.tanh(0.5 * jnp.roll(state, 1) + 0.1 * state + x)
            return state, state

        solve = jax.jit(
            lambda xs: newton_scan(ring, jnp.zeros(d), xs, mode="parallel", method=method),
            compiler_options={"xla_backend_optimization_level": 0},
        )
        compiled = solve.lower(jnp.zeros((64, d))).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    diagonal, dense = methods.quasi_deer(probes), methods.deer()
    assert planned(64, diagonal) < 5 * planned(16, diagonal)
    assert planned(64, dense) > 8 * planned(16, dense)
    assert planned(64, diagonal) < planned(64, dense) / 5


def _newton_by_numpy(init, xs, iterations):
    """The states after every update of Newton's method on `_cubic`, from a constant guess."""
    states, every = np.full(len(xs), init), []
    for _ in range(iterations):
        before = np.append(init, states[:-1])
        update, updates = 0.0, []
        for start, state, x in zip(before, states, xs, strict=True):
            update = start - 0.01 * start**3 + x - state + (1 - 0.03 * start**2) * update
            updates.append(update)
        states = states + np.array(updates)
        every.append(states)
    return every


@pytest.mark.slow
def test_elk_converges_where_deer_overflows():
    """DEER only arrives as one more state becomes exact in every iteration; ELK takes 24."""
    with np.errstate(over="ignore", invalid="ignore"):
        every = _newton_by_numpy(12.0, np.asarray(CUBIC_INPUTS[:, 0]), 20)
    assert np.max(np.abs(every[0])) > 1e100
    assert np.sum(np.isfinite(every[1])) < 0.2 * len(CUBIC_INPUTS)
    assert np.sum(np.isfinite(every[19])) < 25

    count = len(CUBIC_INPUTS)
    error, iterations, parallel = cubic(methods.deer(), most=count + 2)
    assert parallel
    assert error < 1e-9
    assert count - 5 <= iterations <= count + 2
    for preset in (methods.elk, methods.quasi_elk):
        error, iterations, parallel = cubic(preset(), most=count)
        assert parallel
        assert error < 1e-9
        assert iterations < 0.15 * count


def test_jacobi_is_exact_after_as_many_sweeps_as_steps():
    """A rotation never forgets, so no sweep is spared: and none is made in vain."""

    def rotated(state, x):
        state = jnp.stack([state[1], -state[0]]) + x
        return state, state

    xs = jax.random.normal(jax.random.key(2), (24, 2))
    error, iterations, parallel = _solved(rotated, jnp.ones(2), xs, methods.jacobi(), most=24)
    assert (error, iterations, parallel) == (0.0, 24, True)
    blocks = methods.jacobi_gauss_seidel(6)
    error, iterations, parallel = _solved(rotated, jnp.ones(2), xs, blocks, most=24)
    assert (error, iterations, parallel) == (0.0, 4, True)


@pytest.mark.slow
def test_picard_converges_on_small_steps_and_not_on_large_ones():
    """On `x' = -x` of length T its error after k sweeps is `T^k / k!`."""

    def euler(dt, state, _):
        state = state - dt * state
        return state, state

    xs = jnp.zeros((64, 1))
    small = _solved(partial(euler, 0.01), jnp.ones(1), xs, methods.picard(), most=64)
    large = _solved(partial(euler, 0.5), jnp.ones(1), xs, methods.picard(), most=20)
    assert small[2]
    assert small[1] < 15
    assert not large[2]


@pytest.mark.slow
def test_a_gru_of_small_weights_takes_as_many_iterations_whatever_its_length():
    cell = eqx.nn.GRUCell(1, 1, key=jax.random.key(1))
    taken = set()
    for steps in (100, 1000, 10_000):
        xs = jax.random.normal(jax.random.key(2), (steps, 1))
        error, iterations, parallel = _solved(
            lambda state, x: (cell(x, state),) * 2, jnp.zeros(1), xs, methods.deer(), most=10
        )
        assert parallel
        assert error < 1e-12
        taken.add(iterations)
    assert max(taken) <= 5
    assert max(taken) - min(taken) <= 1


def _lstm(state, x):
    """An LSTM whose units do not see each other's past."""
    cell, hidden = state
    forget, take, give = (jax.nn.sigmoid(x + k * hidden) for k in (0.5, -0.3, 0.8))
    cell = forget * cell + take * jnp.tanh(x + 0.4 * hidden)
    hidden = give * jnp.tanh(cell)
    return (cell, hidden), jnp.concatenate([cell, hidden])


def test_the_blocks_of_para_rnn_are_newtons_method():
    init = (jnp.zeros(3), jnp.zeros(3))
    blocks = _solved(_lstm, init, INPUTS, methods.para_rnn(2))
    assert blocks[0] < 1e-12
    assert blocks[1:] == _solved(_lstm, init, INPUTS, methods.deep_pcr())[1:]
    assert methods.para_rnn(2).structure.tangents(6) == 2
