"""What windows cost on a device, and so what Newton's method may take.

Time is counted in sequential steps. A window of N steps costs N when stepped through. In parallel,
with M intervals of L steps and d variables, it costs a coarse pass of M steps, and per iteration

    iteration + level log2 M + work N

so there is a number of iterations up to which parallel pays. Where the host's CPU makes steps
faster than the device, a window costs N of the host's steps when stepped through.
"""

import dataclasses
import math
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from parasim._errors import ConfigError

# Pieces of fewer steps are not worth an iteration's constant cost.
SMALLEST_PIECE = 96


class DeviceCosts(eqx.Module):
    """What decides whether parallel pays on a device, for a system: times in any one unit.

    Attributes:
        step: of a sequential step.
        iteration: of a Newton iteration, whatever the window.
        level: more for every doubling of the number of shooting intervals.
        work: more for every step of the window.
        host_step: of a sequential step on the host's CPU, beside an accelerator; None where there
            is none. Only `parasim.simulate` makes steps there.

    Raises:
        ConfigError: a time is negative, or that of a step not positive.
    """

    step: float = eqx.field(static=True)
    iteration: float = eqx.field(static=True)
    level: float = eqx.field(static=True)
    work: float = eqx.field(static=True)
    host_step: float | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        for name in ("step", "iteration", "level", "work", "host_step"):
            value = getattr(self, name)
            if name == "host_step" and value is None:
                continue
            good = isinstance(value, int | float) and 0 <= value < math.inf
            if not good or (name in ("step", "host_step") and not value):
                raise ConfigError(f"{name} must be a positive time, not {value!r}")

    @property
    def stepping(self) -> float:
        """The time of a sequential step where that is made: on the faster one of two devices."""
        return self.step if self.host_step is None else min(self.step, self.host_step)

    def alone(self) -> "DeviceCosts":
        """Return the costs of a run that makes all its steps on the device."""
        return dataclasses.replace(self, host_step=None)

    def guess(self, steps: int, interval: int) -> float:
        """Return the time of a coarse pass over so many steps."""
        return self.step * math.ceil(steps / interval)

    def one_iteration(self, steps: int, interval: int) -> float:
        """Return the time of one Newton iteration on so many steps."""
        levels = math.log2(max(math.ceil(steps / interval), 2))
        return self.iteration + self.level * levels + self.work * steps

    def affordable_iterations(self, steps: int, interval: int) -> float:
        """Return how many Newton iterations take as long as stepping through so many steps."""
        saved = self.stepping * steps - self.guess(steps, interval)
        return saved / self.one_iteration(steps, interval)


class PieceCost(NamedTuple):
    """What a piece of a window takes.

    Attributes:
        guess: the first one, by a coarse pass or from an analogue.
        iteration: each.
    """

    guess: tuple[float, float]
    iteration: float


class WindowMenu(NamedTuple):
    """The pieces that a window may be found in, and what they cost.

    Attributes:
        steps: N.
        sizes: how many steps they have, the longest first.
        interval: L, the steps of a shooting interval.
        most: iterations are never made for a piece.
        duration: the time that the window spans.
        costs: of the device.
    """

    steps: int
    sizes: tuple[int, ...]
    interval: int
    most: int
    duration: Float[Array, ""]
    costs: DeviceCosts

    def piece(self, place: int) -> PieceCost:
        """Return what a piece of one of the sizes takes."""
        size = self.sizes[place]
        # To look for an analogue takes about the constant part of an iteration.
        guess = self.costs.guess(size, self.interval), self.costs.iteration
        return PieceCost(guess, self.costs.one_iteration(size, self.interval))

    def prices(
        self, dtype: DTypeLike
    ) -> tuple[Float[Array, "kinds sizes"], Float[Array, " sizes"]]:
        """Return what the first guess takes, by kind and size, and what an iteration does."""
        pieces = [self.piece(place) for place in range(len(self.sizes))]
        guesses = jnp.array([cost.guess for cost in pieces], dtype).T
        return guesses, jnp.array([cost.iteration for cost in pieces], dtype)

    def may_pay(self) -> bool:
        """Whether two iterations are faster than stepping, for pieces of any size."""
        pieces = [(size, self.piece(place)) for place, size in enumerate(self.sizes)]
        return any(
            min(cost.guess) + 2 * cost.iteration < self.costs.stepping * size
            for size, cost in pieces
        )


def piece_sizes(steps: int, interval: int, smallest: int = SMALLEST_PIECE) -> tuple[int, ...]:
    """Return the sizes of pieces for a window: all of it, half, a quarter and so on."""
    sizes = [steps]
    while sizes[-1] // 2 >= max(smallest, interval):
        sizes.append(sizes[-1] // 2 // interval * interval)
    return tuple(sizes)


def device_costs(platform: str, size: int, interval: int, tangents: int) -> DeviceCosts:
    """Return what is expected of a platform, in units of a sequential step.

    On a CPU a vectorised step with k tangents, all d of a Jacobian or fewer, and its share of the
    scan takes (1 + k) (1 + k / 30) / 1.5 steps of a loop. That is within a factor of about two of
    what was measured with Tsit5 on two cores, from 3 to 40 variables, and more for less
    (docs/design.md, decision 7).

    The numbers for accelerators are estimates, and nothing of them was measured with this code. A
    step of a scan takes 7 to 10 us on a GPU, whatever it computes, so an iteration takes the steps
    of an interval and twice as long as one step for each level of the parallel scan; 20 TFLOP/s
    make about 1e5 steps of a few variables side by side in that time. A step on the host's CPU is
    taken for 0.04 us per variable, half a percent of that: bare scans took 0.01 us (Lorenz-63) to
    0.09 us (Lorenz-96, 10 variables) per variable. `parasim.calibrate` measures instead.

    Arguments:
        platform: as jax names it, such as `"cpu"`.
        size: d, the number of real variables.
        interval: L, the steps of a shooting interval, made one after the other.
        tangents: k, how many are pushed through every interval.
    """
    if platform == "cpu":
        return DeviceCosts(1.0, float(interval), 0.0, (1 + tangents) * (1 + tangents / 30) / 1.5)
    return DeviceCosts(
        1.0, float(interval), 2.0, (1 + tangents) / 1e5, host_step=max(size, 1) / 200
    )
