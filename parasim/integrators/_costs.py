"""What windows cost on a device, and so what Newton's method may take.

Time is counted in sequential steps. A window of N steps costs N when stepped through. In parallel,
with M intervals of L steps and d variables, it costs a coarse pass of M steps, and per iteration

    iteration + level log2 M + work N

so there is a number of iterations up to which parallel pays.
"""

import math
from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Float

from parasim._errors import ConfigError


class DeviceCosts(eqx.Module):
    """What decides whether parallel pays on a device, for a system: times in any one unit.

    Attributes:
        step: of a sequential step.
        iteration: of a Newton iteration, whatever the window.
        level: more for every doubling of the number of shooting intervals.
        work: more for every step of the window.

    Raises:
        ConfigError: a time is negative, or that of a step not positive.
    """

    step: float = eqx.field(static=True)
    iteration: float = eqx.field(static=True)
    level: float = eqx.field(static=True)
    work: float = eqx.field(static=True)

    def __check_init__(self):
        for name in ("step", "iteration", "level", "work"):
            value = getattr(self, name)
            good = isinstance(value, int | float) and 0 <= value < math.inf
            if not good or (name == "step" and not value):
                raise ConfigError(f"{name} must be a positive time, not {value!r}")

    def sequential(self, shape: "WindowShape") -> float:
        """Return the time to step through a window."""
        return self.step * shape.steps

    def guess(self, shape: "WindowShape") -> float:
        """Return the time of a coarse pass."""
        return self.step * shape.intervals

    def one_iteration(self, shape: "WindowShape") -> float:
        """Return the time of one Newton iteration on a window."""
        levels = math.log2(max(shape.intervals, 2))
        return self.iteration + self.level * levels + self.work * shape.steps

    def affordable_iterations(self, shape: "WindowShape") -> float:
        """Return how many Newton iterations take as long as stepping through the window."""
        return (self.sequential(shape) - self.guess(shape)) / self.one_iteration(shape)


class WindowShape(NamedTuple):
    """The sizes that the cost of a window depends on.

    Attributes:
        steps: N.
        interval: L.
        size: d, the number of real variables.
        duration: the time that the window spans.
    """

    steps: int
    interval: int
    size: int
    duration: Float[Array, ""]

    @property
    def intervals(self) -> int:
        """M."""
        return math.ceil(self.steps / self.interval)


def device_costs(platform: str, size: int, interval: int) -> DeviceCosts:
    """Return what is expected of a platform, in units of a sequential step.

    On a CPU a vectorised step with its Jacobian and its share of the scan takes
    (1 + d) (1 + d / 30) / 1.5 steps of a loop. That is within a factor of about two of what was
    measured with Tsit5 on two cores, from 3 to 40 variables, and more for less (docs/design.md,
    decision 7).

    The numbers for accelerators are estimates, and nothing of them was measured with this code. A
    step of a scan takes 7 to 10 us on a GPU, whatever it computes, so an iteration takes the steps
    of an interval and twice as long as one step for each level of the parallel scan; 20 TFLOP/s
    make about 1e5 steps of a few variables side by side in that time. `parasim.calibrate` measures
    instead.

    Arguments:
        platform: as jax names it, such as `"cpu"`.
        size: d, the number of real variables.
        interval: L, the steps of a shooting interval, made one after the other.
    """
    if platform == "cpu":
        return DeviceCosts(1.0, float(interval), 0.0, (1 + size) * (1 + size / 30) / 1.5)
    return DeviceCosts(1.0, float(interval), 2.0, (1 + size) / 1e5)
