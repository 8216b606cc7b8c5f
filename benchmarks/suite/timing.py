"""Fair timing: compilation apart, runs in turns, medians; and too slow opponents scaled."""

import math
import os
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np

# One run of a few milliseconds may take a quarter more than the next one of the same program, and
# half as much again after somebody else's that left the processor's caches and threads as it
# needed them. So a turn has as many runs as take so many seconds, and rounds go on until they have
# taken so many, or are so many.
_TURN, _LONG_ENOUGH, _MOST_ROUNDS = 0.01, 0.5, 101

# So many programs are compiled at once: tracing takes turns, and half of the rest of a compilation
# has use for one core only.
_AT_ONCE = max(2, (os.cpu_count() or 1) // 4)

_K = TypeVar("_K", bound=Hashable)


class Contestant(NamedTuple):
    """One way to compute something.

    Attributes:
        make: `N -> f`, with f of the inputs; the same f for another N is not compiled again, so
            the inputs must have the same shapes then.
        device: to compute on, if not jax's default one.
    """

    make: Callable[[int], Callable[..., Any]]
    device: Any = None


class Taken(NamedTuple):
    """What a contestant took.

    Attributes:
        seconds: of a run, the median.
        compile_seconds: before the first run.
        scaled_from: the N that was measured, where the one asked for would have taken too long.
        result: of the last run.
        every: the seconds of every run, in the order of the rounds.
    """

    seconds: float
    compile_seconds: float
    scaled_from: int | None
    result: Any
    every: np.ndarray

    def ratio(self, other: "Taken") -> float:
        """Return the median over the rounds of this one's time over another's."""
        if self.scaled_from is None and other.scaled_from is None:
            return float(np.median(self.every / other.every))
        return self.seconds / other.seconds


class Program(NamedTuple):
    """What a contestant was compiled to.

    Attributes:
        made_of: the function.
        run: the program.
        compile_seconds: that it took, beside others.
    """

    made_of: Callable[..., Any]
    run: Callable[..., Any]
    compile_seconds: float


class Race:
    """Contestants at growing sizes N, against each other.

    Attributes:
        contestants: by name.
        inputs: of every one of them.
        repeats: rounds at the least, in each of which they take turns, in the opposite order to
            the round before; there are more of short runs.
        limit: one that would take more seconds is measured at the last N at which it did not.
    """

    def __init__(
        self,
        contestants: Mapping[str, Contestant],
        inputs: Callable[[int], Sequence[Any]],
        repeats: int,
        limit: float,
    ):
        self._contestants, self._inputs = contestants, inputs
        self._repeats, self._limit = repeats, limit
        self._last: dict[str, tuple[int, Taken]] = {}
        self._programs: dict[str, Program] = {}

    def at(self, n: int) -> dict[str, Taken]:
        """Return what each contestant takes at this N; call it with growing N."""
        inputs = self._inputs(n)
        placed, taken = {}, {}
        for name, contestant in self._contestants.items():
            before = self._last.get(name)
            if before is not None and before[1].seconds * n / before[0] > self._limit:
                taken[name] = _scaled(*before, n)
            else:
                placed[name] = jax.device_put(inputs, contestant.device)
        running = self._compiled(n, placed)
        every: dict[str, list[float]] = {name: [] for name in running}
        results = {name: run(*placed[name]) for name, run in running.items()}
        often = {name: _often(run, placed[name]) for name, run in running.items()}
        began, turns = time.perf_counter(), list(running)
        while turns and not self._enough(len(every[turns[0]]), time.perf_counter() - began):
            for name in turns:
                every[name].append(_seconds(running[name], placed[name], often[name]))
            turns.reverse()
        for name, seconds in every.items():
            median = float(np.median(seconds))
            took = self._programs[name].compile_seconds
            found = Taken(median, took, None, results[name], np.array(seconds))
            taken[name], self._last[name] = found, (n, found)
        return {name: taken[name] for name in self._contestants if name in taken}

    def _compiled(self, n: int, placed: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
        """Return the programs for this N; one that is the same as for the N before is kept."""
        made = {name: self._contestants[name].make(n) for name in placed}
        new = {
            name: function
            for name, function in made.items()
            if name not in self._programs or self._programs[name].made_of is not function
        }
        self._programs |= compiled(new, placed)
        return {name: self._programs[name].run for name in made}

    def _enough(self, rounds: int, seconds: float) -> bool:
        return rounds >= self._repeats and (seconds > _LONG_ENOUGH or rounds >= _MOST_ROUNDS)


def _seconds(run: Callable[..., Any], inputs: Sequence[Any], often: int) -> float:
    start = time.perf_counter()
    for _ in range(often):
        jax.block_until_ready(run(*inputs))
    return (time.perf_counter() - start) / often


def _often(run: Callable[..., Any], inputs: Sequence[Any]) -> int:
    return max(1, math.ceil(_TURN / _seconds(run, inputs, 1)))


def compiled(
    functions: Mapping[_K, Callable[..., Any]], inputs: Mapping[_K, Any]
) -> dict[_K, Program]:
    """Compile and run functions of their inputs, some at once."""

    def program(key: _K) -> Program:
        # Not `lower().compile()`: what that returns takes 0.15 ms more to call, in Python.
        run = jax.jit(functions[key])
        (device,) = jax.tree.leaves(inputs[key])[0].devices()
        if device != jax.devices()[0]:
            run = partial(_on, device, run)
        first = _seconds(run, inputs[key], 1)
        return Program(functions[key], run, max(0.0, first - _seconds(run, inputs[key], 1)))

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return dict(zip(functions, threads.map(program, functions), strict=True))


def _on(device: Any, run: Callable[..., Any], *inputs: Any) -> Any:
    # What `auto` reckons with are the costs on jax's default device.
    with jax.default_device(device):
        return run(*inputs)


def _scaled(measured: int, taken: Taken, n: int) -> Taken:
    factor = n / measured
    return taken._replace(
        seconds=taken.seconds * factor, scaled_from=measured, every=taken.every * factor
    )
