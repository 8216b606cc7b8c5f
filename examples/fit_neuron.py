"""Recover the parameters of a FitzHugh-Nagumo neuron from a noisy trajectory.

Gradient descent through parasim.diffeqsolve, which is diffrax.diffeqsolve for windows of steps.

python examples/fit_neuron.py [--iterations 1500]
"""

import argparse
import time

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax

import parasim

NEURON = parasim.get_system("fitzhugh-nagumo")
NAMES = ("I", "a", "b", "epsilon")
TRUTH = {name: NEURON.params[name].value for name in NAMES}
Y0 = {"v": -1.0, "w": 1.0}
TIMES = np.linspace(0.0, 80.0, 401)  # two periods
DT, NOISE = 0.05, 0.1


def trajectory(params: dict) -> jax.Array:
    """Return both variables at all times."""
    solution = parasim.diffeqsolve(
        diffrax.ODETerm(NEURON.vector_field),
        parasim.ParallelNewton(steps=400),
        t0=0.0,
        t1=80.0,
        dt0=DT,
        y0=Y0,
        args=params,
        saveat=diffrax.SaveAt(ts=TIMES),
        stepsize_controller=parasim.Windows(steps=400),
    )
    return jnp.stack([solution.ys["v"], solution.ys["w"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=1500)
    iterations = parser.parse_args().iterations
    jax.config.update("jax_enable_x64", True)

    record = trajectory(TRUTH)
    record += NOISE * jax.random.normal(jax.random.key(0), record.shape)
    optimiser = optax.adam(optax.cosine_decay_schedule(0.03, iterations))

    @jax.jit
    def update(logs, state):
        def loss(logs):  # of the logarithms, as all four are positive
            return jnp.mean((trajectory(jax.tree.map(jnp.exp, logs)) - record) ** 2)

        value, slope = jax.value_and_grad(loss)(logs)
        change, state = optimiser.update(slope, state)
        return optax.apply_updates(logs, change), state, value

    start = time.perf_counter()
    logs = {name: jnp.log(1.2 * TRUTH[name]) for name in NAMES}
    state = optimiser.init(logs)
    for _ in range(iterations):
        logs, state, value = update(logs, state)
    found = {name: float(np.exp(logs[name])) for name in NAMES}
    for name in NAMES:
        print(f"{name:8} {found[name]:.4f}  (truth {TRUTH[name]:.4f})")
    print(f"mean squared misfit {value:.4f}, noise {NOISE**2:.4f}")
    print(f"{iterations} iterations in {time.perf_counter() - start:.1f} s")
    assert all(abs(found[name] / TRUTH[name] - 1) < 0.05 for name in NAMES), found
    assert value < 1.2 * NOISE**2


if __name__ == "__main__":
    main()
