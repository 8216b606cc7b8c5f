"""Whether a system has the numbers that it is known by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from parasim._errors import ConfigError, near_names
from parasim.plugins import Truth, get_system
from parasim.simulation.insight._measurements import Found, Measurements

_ERRORS = 3  # standard errors that two estimates may be apart
_KNOWN = 1e-3  # relative: how well a value without a standard error is known
_TIGHTNESS = 0.02  # of our own standard errors, relative to the largest value: else it says little


@dataclass(frozen=True, eq=False)
class Comparison:
    """A truth, and what was found.

    Attributes:
        truth: what it should be.
        found: what it is.
        agrees: whether the two agree.
        reason: why not; nothing where they do.
    """

    truth: Truth
    found: Found
    agrees: bool
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        truth = self.truth
        return {
            "quantity": truth.quantity,
            "value": truth.value,
            "standard_error": truth.standard_error,
            "status": truth.status,
            "source": truth.source,
            "settings": dict(truth.settings),
            "run": dict(truth.run),
            "found": self.found.value.tolist(),
            "found_error": self.found.standard_error.tolist(),
            "agrees": self.agrees,
            "reason": self.reason,
        }


def verify_system(
    name: str, *, quantity: str | None = None, mode: str = "auto", part: float = 1.0
) -> Iterator[Comparison]:
    """Measure what a system is known by, and compare; float64 must be enabled in jax.

    Two estimates agree within three standard errors, theirs and ours in quadrature; a reference
    without an error counts as known to a thousandth. Ours may be a fiftieth of the largest value
    at the most, else the comparison would say little.

    Arguments:
        name: of the system.
        quantity: one of them; all by default.
        mode: of windows: "auto", "parallel" or "sequential".
        part: of the lengths of runs for exponents, for those who want to wait less.

    Returns:
        The comparisons, as they are made.

    Raises:
        ConfigError: there is no such system, or it is not known by such a quantity.
        SolverError: a run stopped being finite.
    """
    system = get_system(name)
    truths = [truth for truth in system.truth if quantity in (None, truth.quantity)]
    if quantity is not None and not truths:
        known = {truth.quantity for truth in system.truth}
        raise ConfigError(
            f"{system.name} is not known by {quantity!r}: {near_names(quantity, known)}"
        )
    measurements = Measurements(system.name, mode=mode, part=part)
    return (compared(truth, measurements.of(truth)) for truth in truths)


def compared(truth: Truth, found: Found) -> Comparison:
    """Compare what was measured with what is known."""
    reason = _difference(truth, found)
    return Comparison(truth, found, not reason, reason)


def _difference(truth: Truth, found: Found) -> str:
    """Say why the two do not agree; nothing if they do."""
    value = np.asarray(truth.value, float)
    if value.shape != found.value.shape:
        return f"there are {len(np.atleast_1d(found.value))} of them"
    if not np.isfinite(found.value).all():
        return "it cannot be measured"
    if truth.standard_error is None:
        theirs = _KNOWN * np.abs(value)  # which is a bound, not a standard error
    else:
        theirs = _ERRORS * np.broadcast_to(np.asarray(truth.standard_error, float), value.shape)
    ours = _ERRORS * found.standard_error
    limit = truth.run.get("tightness", _TIGHTNESS) * np.max(np.abs(value))
    if np.any(found.standard_error > limit):
        return "it is too uncertain to tell"
    if np.any(np.abs(found.value - value) > np.hypot(theirs, ours)):
        return "they differ"
    return ""
