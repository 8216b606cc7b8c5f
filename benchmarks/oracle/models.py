"""What a step and an iteration cost: models of devices, in microseconds.

shared/DECISION.md reckons for a Newton iteration on N single steps of d variables on a GPU

    base + level log2 N + 32 N d^2 / 3e6 + N (6 d^3 + 420 d (d + 1)) / 20e6

with `base` the launches of one vectorised step with its Jacobian, `level` those of one level of the
scan, then memory traffic (8-byte numbers at 3 TB/s) and arithmetic (20 TFLOP/s).

The product's iteration is on M = N / L shooting intervals of L steps. The L steps of an interval
come one after the other, each with the launches of one vectorised step: L `base`. The scan is over
M intervals: `level` log2 M. Of the work the Jacobians are still N; the products of the scan are
only M, so the same term is an upper bound. Hence `DeviceCosts(step, L base, level, work)`. The
first guess is N / L sequential steps if it is a coarse pass, and L `base` if it is an analogue,
both as the product reckons itself. On a CPU launches cost nothing, and `base` does not depend on L.

The product does not reckon the last pass through the intervals, which makes the states inside them:
one iteration without its scan per piece. So this is left out here for all rules alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

from parasim import DeviceCosts


@dataclass(frozen=True)
class Model:
    """A model of a device.

    Attributes:
        costs: `(d, L) -> DeviceCosts`.
        tangent: how many steps it costs to take a tangent along with a step.
    """

    costs: Callable[[int, int], DeviceCosts]
    tangent: float


def _gpu(step: float, base: float, level: float) -> Callable[[int, int], DeviceCosts]:
    def costs(d: int, interval: int) -> DeviceCosts:
        work = 32 * d**2 / 3e6 + (6 * d**3 + 420 * d * (d + 1)) / 20e6
        return DeviceCosts(step, base * interval, level, work)

    return costs


def _cpu(step: float, base: float, work: float) -> Callable[[int, int], DeviceCosts]:
    return lambda d, interval: DeviceCosts(step, base, 0.0, work)  # noqa: ARG005


MODELS = {
    "G200": Model(_gpu(200.0, 40.0, 40.0), tangent=1),
    "G60": Model(_gpu(60.0, 40.0, 40.0), tangent=1),
    "G10fused": Model(_gpu(10.0, 10.0, 8.0), tangent=1),
    "CPU2": Model(_cpu(0.42, 20.0, 0.55 / 2), tangent=5),
    "CPU64": Model(_cpu(200.0, 50.0, 800 / 64), tangent=5),
}
"""CPU2 is diffrax's own step on two cores, CPU64 an expensive vector field on 64."""
