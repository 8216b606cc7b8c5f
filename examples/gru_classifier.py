"""Train a recurrent classifier of long sequences, with newton_scan and with jax.lax.scan.

Both give the same losses. On a CPU the loop is faster, and is what mode="auto" would choose.

python examples/gru_classifier.py [--steps 10000] [--epochs 50] [--members 16]
"""

import argparse
import time
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

import parasim

HIDDEN, RATE = 8, 0.05


def sequences(steps, members):
    """Return noisy oscillations, slow or twice as fast, and which of the two they are."""
    fast = jnp.arange(members) % 2
    phase_key, noise_key = jax.random.split(jax.random.key(0))
    phases = jax.random.uniform(phase_key, (members, 1), maxval=2 * jnp.pi)
    angles = 0.05 * (1 + fast[:, None]) * jnp.arange(steps) + phases
    noise = 0.3 * jax.random.normal(noise_key, (members, steps))
    return (jnp.cos(angles) + noise)[..., None], fast


def train(scan, data, epochs):
    """Return the losses of so many steps of Adam."""
    cell_key, readout_key = jax.random.split(jax.random.key(1))
    cell = eqx.nn.GRUCell(1, HIDDEN, key=cell_key)
    model = cell, eqx.nn.Linear(HIDDEN, "scalar", key=readout_key)

    def loss(model):
        cell, readout = model

        def log_odds(xs):
            _, states = scan(lambda h, x: (cell(x, h),) * 2, jnp.zeros(HIDDEN), xs)
            return readout(jnp.mean(states**2, axis=0))

        odds = jax.vmap(log_odds)(data[0])
        return jnp.mean(jax.nn.softplus(jnp.where(data[1] == 1, -odds, odds)))

    optimiser = optax.adam(RATE)

    @jax.jit
    def update(model, state):
        value, slope = jax.value_and_grad(loss)(model)
        changes, state = optimiser.update(slope, state)
        return eqx.apply_updates(model, changes), state, value

    state = optimiser.init(model)
    losses, seconds = [], []
    for _ in range(epochs):
        start = time.perf_counter()
        model, state, value = update(model, state)
        losses.append(float(value))
        seconds.append(time.perf_counter() - start)
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, {np.median(seconds):.3f} s per update")
    return np.array(losses)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, default in (("--steps", 10_000), ("--epochs", 50), ("--members", 16)):
        parser.add_argument(name, type=int, default=default)
    chosen = parser.parse_args()
    data = sequences(chosen.steps, chosen.members)
    looped = train(jax.lax.scan, data, chosen.epochs)
    parallel = train(partial(parasim.newton_scan, mode="parallel"), data, chosen.epochs)
    print(f"largest difference of the losses: {np.max(np.abs(parallel - looped)):.1e}")
    assert np.max(np.abs(parallel - looped)) < 1e-4
    assert looped[-1] < looped[0]
