"""(c) A GRU over long sequences: `newton_scan` against `jax.lax.scan`, forward and gradient."""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from parasim import Method, methods, newton_scan
from suite.problems import difference
from suite.tables import Question
from suite.timing import Contestant, Race

BATCH = 16


def measure(sizes: list[int], repeats: int, limit: float, small: bool = False) -> Question:
    """Return the table, for a GRU with one unit and a batch of 16; a small one is forward only."""
    rows = []
    for gradient in (False,) if small else (False, True):
        contestants = _contestants(gradient)
        if small:
            del contestants["newton_scan, DEER"]
        race = Race(contestants, _inputs, repeats, limit)
        for n in sizes:
            found = race.at(n)
            scan = found["lax.scan"]
            for name, taken in found.items():
                rows.append(
                    {
                        "what": "gradient" if gradient else "forward",
                        "T": n,
                        "by": name,
                        "ns per step": taken.seconds / n * 1e9,
                        "times lax.scan's speed": 1 / taken.ratio(scan),
                        "compile s": taken.compile_seconds,
                        "differs": difference(taken.result, scan.result)
                        if taken.scaled_from is None and scan.scaled_from is None
                        else None,
                        "scaled from T": taken.scaled_from,
                    }
                )
    return Question(
        "recurrences",
        "(c) A GRU with 1 unit and a batch of 16 over T steps: by whom in what time?",
        rows,
        ["The gradient is that of the sum of all outputs with respect to the weights."],
    )


def _inputs(n: int) -> tuple[Any, Any]:
    cell = eqx.nn.GRUCell(2, 1, key=jax.random.key(0))
    return eqx.filter(cell, eqx.is_array), jax.random.normal(jax.random.key(1), (BATCH, n, 2))


def _contestants(gradient: bool) -> dict[str, Contestant]:
    def made(scan: Callable[..., Any]) -> Contestant:
        static = eqx.filter(eqx.nn.GRUCell(2, 1, key=jax.random.key(0)), eqx.is_array, inverse=True)

        def outputs(weights: Any, xs: Any) -> Any:
            cell = eqx.combine(weights, static)

            def step(state: Any, x: Any) -> Any:
                state = cell(x, state)
                return state, state

            return jax.vmap(lambda xs: scan(step, jnp.zeros(1), xs)[1])(xs)

        def slopes(weights: Any, xs: Any) -> Any:
            return jax.grad(lambda weights: jnp.sum(outputs(weights, xs)))(weights)

        # A new function for every T, whose inputs have other shapes.
        return Contestant(lambda _: partial(slopes if gradient else outputs))

    def newton(mode: str, method: Method) -> Contestant:
        return made(lambda f, init, xs: newton_scan(f, init, xs, mode=mode, method=method))

    return {
        "lax.scan": made(jax.lax.scan),
        "newton_scan, auto": newton("auto", Method()),
        "newton_scan, parallel": newton("parallel", Method()),
        "newton_scan, DEER": newton("parallel", methods.deer()),
    }
