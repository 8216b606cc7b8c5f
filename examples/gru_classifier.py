"""Train a recurrent classifier of long sequences, with newton_scan and with jax.lax.scan.

Both give the same loss curve. On a CPU the loop is faster; `mode="auto"` would choose it there.

python examples/gru_classifier.py [--steps 10000] [--epochs 50] [--members 16]
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import parasim

HIDDEN, RATE = 8, 0.02


def sequences(steps: int, members: int) -> tuple[jax.Array, jax.Array]:
    """Return noisy oscillations, slow or twice as fast, and which of the two they are."""
    fast = jnp.arange(members) % 2
    phase_key, noise_key = jax.random.split(jax.random.key(0))
    phases = jax.random.uniform(phase_key, (members, 1), maxval=2 * jnp.pi)
    angles = 0.05 * (1 + fast[:, None]) * jnp.arange(steps) + phases
    noise = 0.3 * jax.random.normal(noise_key, (members, steps))
    return (jnp.cos(angles) + noise)[..., None], fast


class Classifier(eqx.Module):
    cell: eqx.nn.GRUCell
    readout: eqx.nn.Linear

    def __init__(self, key: jax.Array):
        cell_key, readout_key = jax.random.split(key)
        self.cell = eqx.nn.GRUCell(1, HIDDEN, key=cell_key)
        self.readout = eqx.nn.Linear(HIDDEN, "scalar", key=readout_key)

    def __call__(self, scan: Callable[..., Any], xs: jax.Array) -> jax.Array:
        def step(state: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
            state = self.cell(x, state)
            return state, state

        _, states = scan(step, jnp.zeros(HIDDEN), xs)
        return self.readout(jnp.mean(states**2, axis=0))


def train(scan: Callable[..., Any], data: tuple[jax.Array, jax.Array], epochs: int) -> np.ndarray:
    """Return the losses of so many steps of Adam."""

    def loss(model: Classifier) -> jax.Array:
        logits = jax.vmap(partial(model, scan))(data[0])
        return jnp.mean(jax.nn.softplus(jnp.where(data[1] == 1, -logits, logits)))

    @jax.jit
    def update(model: Classifier, mean: Any, square: Any, epoch: jax.Array) -> Any:
        value, slope = jax.value_and_grad(loss)(model)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, slope)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g**2, square, slope)
        scale = RATE * jnp.sqrt(1 - 0.999**epoch) / (1 - 0.9**epoch)
        model = jax.tree.map(
            lambda p, m, s: p - scale * m / (jnp.sqrt(s) + 1e-8), model, mean, square
        )
        return model, mean, square, value

    model = Classifier(jax.random.key(1))
    mean = square = jax.tree.map(jnp.zeros_like, model)
    losses, seconds = [], []
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        model, mean, square, value = update(model, mean, square, jnp.asarray(epoch, float))
        losses.append(float(value))
        seconds.append(time.perf_counter() - start)
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, {np.median(seconds):.3f} s per update")
    return np.array(losses)
