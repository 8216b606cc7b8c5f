"""Fair timing: compilation apart, runs in turns, medians; and too slow opponents scaled."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

# One run of a few milliseconds may take a quarter more than the next one of the same program. So
# rounds go on until they have taken so many seconds, or are so many.
_LONG_ENOUGH, _MOST_ROUNDS = 0.5, 101


class Contestant(NamedTuple):
    """One way to compute something.

    Attributes:
        make: `N -> f`, with f of the inputs.
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

    def at(self, n: int) -> dict[str, Taken]:
        """Return what each contestant takes at this N; call it with growing N."""
        inputs = self._inputs(n)
        running, compiling, placed, taken = {}, {}, {}, {}
        for name, contestant in self._contestants.items():
            before = self._last.get(name)
            if before is not None and before[1].seconds * n / before[0] > self._limit:
                taken[name] = _scaled(*before, n)
                continue
            placed[name] = jax.device_put(inputs, contestant.device)
            start = time.perf_counter()
            run = jax.jit(contestant.make(n)).lower(*placed[name]).compile()
            compiling[name] = time.perf_counter() - start
            jax.block_until_ready(run(*placed[name]))
            running[name] = run
        every: dict[str, list[float]] = {name: [] for name in running}
        results = {}
        began, turns = time.perf_counter(), list(running)
        while turns and not self._enough(len(every[turns[0]]), time.perf_counter() - began):
            for name in turns:
                start = time.perf_counter()
                results[name] = jax.block_until_ready(running[name](*placed[name]))
                every[name].append(time.perf_counter() - start)
            turns.reverse()
        for name, seconds in every.items():
            median = float(np.median(seconds))
            found = Taken(median, compiling[name], None, results[name], np.array(seconds))
            taken[name], self._last[name] = found, (n, found)
        return {name: taken[name] for name in self._contestants if name in taken}

    def _enough(self, rounds: int, seconds: float) -> bool:
        return rounds >= self._repeats and (seconds > _LONG_ENOUGH or rounds >= _MOST_ROUNDS)


def _scaled(measured: int, taken: Taken, n: int) -> Taken:
    factor = n / measured
    return taken._replace(
        seconds=taken.seconds * factor, scaled_from=measured, every=taken.every * factor
    )
