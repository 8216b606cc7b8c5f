"""What the growth of tangents along a run says about how far ahead its system can be foreseen."""

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from parasim.integrators.exponents._block_statistics import FEWEST_BLOCKS, block_error
from parasim.io._records import StoredWindows

# An exponent within so many standard errors of zero may be zero.
_CERTAIN = 3.0
# What a measured state may be off by, relative to its range.
_MEASUREMENT = 1e-2


@dataclass(frozen=True)
class Outlook:
    """How fast small differences grow, and so how far ahead the system can be foreseen.

    Attributes:
        measured: in how many windows growth was measured.
        exponent: the largest Lyapunov exponent, in nats per unit of time: the mean over these, and
            over members; NaN if there are none.
        error: its standard error; infinite where there are fewer than eight.
        lately: the running estimate after the last window, which forgets.
        lately_error: its standard error.
        kind: "chaotic", "predictable", "neutral" (so near to zero, with three errors, that no
            difference grows e-fold over a window) or "unknown".
        folding_time: in which a difference grows, or shrinks, e-fold: 1 / |exponent|; NaN if the
            kind is neutral or unknown.
        growth: of a difference over a full window, in nats.
        measurement_horizon: after which a difference of 1 % is as large as the state; NaN unless
            the kind is chaotic.
        rounding_horizon: after which a difference in the last digit is; likewise.
    """

    measured: int
    exponent: float
    error: float
    lately: float
    lately_error: float
    kind: str
    folding_time: float
    growth: float
    measurement_horizon: float
    rounding_horizon: float

    @property
    def has_changed(self) -> bool:
        """Whether the running estimate differs from that of all windows by more than chance."""
        return abs(self.lately - self.exponent) > _CERTAIN * (self.error + self.lately_error)


def outlook(stored: StoredWindows, window_time: float) -> Outlook:
    """Read the outlook from the records of a run.

    Arguments:
        stored: the windows.
        window_time: the time that a full one spans.
    """
    growth = stored.values["growth_rate"].mean(axis=0)
    rates = growth[np.isfinite(growth)]
    exponent = float(rates.mean()) if len(rates) else math.nan
    error, kind = math.inf, "unknown"
    if len(rates) >= FEWEST_BLOCKS:
        error = float(block_error(jnp.asarray(rates)))
        duration = float(stored.ends[-1]) - stored.attributes["configuration"]["t0"]
        kind = _kind(exponent, error, duration, window_time)
    folding_time = 1 / abs(exponent) if kind in ("chaotic", "predictable") else math.nan
    horizon = folding_time if kind == "chaotic" else math.nan
    lately, lately_error = (
        float(stored.values[name][:, -1].mean()) if len(stored) else math.nan
        for name in ("exponent", "exponent_error")
    )
    return Outlook(
        measured=len(rates),
        exponent=exponent,
        error=error,
        lately=lately,
        lately_error=lately_error,
        kind=kind,
        folding_time=folding_time,
        growth=exponent * window_time,
        measurement_horizon=-math.log(_MEASUREMENT) * horizon,
        rounding_horizon=-math.log(np.finfo(growth.dtype).eps) * horizon,
    )


def _kind(exponent: float, error: float, duration: float, window_time: float) -> str:
    if abs(exponent) <= max(_CERTAIN * error, 1 / duration):
        most = abs(exponent) + _CERTAIN * error
        return "neutral" if most * window_time <= 1 else "unknown"
    return "chaotic" if exponent > 0 else "predictable"
