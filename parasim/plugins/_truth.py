"""Numbers that a system is known to have, where they come from, and how they can be found again.

Knows no jax, so that they can be listed without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parasim._errors import ConfigError, near_names

QUANTITIES: Mapping[str, str] = {
    "lyapunov_exponents": "the largest Lyapunov exponents, in nats per unit of time",
    "exponent_sum": "the sum of all Lyapunov exponents, which is the mean divergence",
    "positive_exponents": "how many Lyapunov exponents are positive",
    "entropy": "the sum of the positive Lyapunov exponents",
    "kaplan_yorke_dimension": "the Kaplan-Yorke dimension of the attractor",
    "fixed_points": "states that do not change, in the order of their first variable",
    "hopf_points": "values of a parameter at which a pair of eigenvalues becomes imaginary",
    "hopf_frequencies": "cycles per unit of time at the Hopf points, in their order",
    "fold_points": "values of a parameter at which a branch of fixed points turns around",
    "period": "the time between two passages of a variable upwards through the middle of its range",
    "firing_rate": "such passages per second",
    "peak_to_peak": "the range of a variable",
    "order_parameter": "the mean length of the mean of exp(i theta)",
    "spike_count": "the number of spikes",
    "first_spike": "the time of the first spike",
    "interspike_interval": "the time between the last two spikes",
    "firing_onset": "the least value of a parameter at which firing that has begun goes on",
}
"""What can be known of a system, and measured: the vocabulary of `Truth.quantity`."""

STATUSES = ("exact", "published", "recomputed", "published and recomputed")


@dataclass(frozen=True)
class Truth:
    """A number that a system is known to have.

    Attributes:
        quantity: one of `QUANTITIES`.
        value: a number; several in a tuple; of several states a tuple for each.
        standard_error: one for all numbers, or one each; None if they are known to a thousandth.
        status: one of "exact" (algebra), "published", "recomputed" and "published and recomputed".
        source: where the value comes from.
        settings: the parameters and structural options with which it holds, if not the defaults.
        run: how it can be measured: the arguments of `parasim.simulation.measure` for this
            quantity, such as `t1` and `dt`.

    Raises:
        ConfigError: the quantity or the status is none of those.
    """

    quantity: str
    value: float | tuple[Any, ...]
    standard_error: float | tuple[float, ...] | None = None
    status: str = "recomputed"
    source: str = ""
    settings: Mapping[str, float] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.quantity not in QUANTITIES:
            raise ConfigError(
                f"there is no quantity {self.quantity!r}: {near_names(self.quantity, QUANTITIES)}"
            )
        if self.status not in STATUSES:
            raise ConfigError(
                f"{self.quantity}: there is no status {self.status!r}: "
                f"{near_names(self.status, STATUSES)}"
            )
