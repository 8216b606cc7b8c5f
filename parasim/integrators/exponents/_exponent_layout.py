"""How the steps of a run are divided for its exponents: a transient, blocks, windows, intervals."""

from typing import Any, NamedTuple

from parasim._errors import ConfigError
from parasim.integrators.exponents._block_statistics import FEWEST_BLOCKS

_MOST_STEPS = 2**31 - 1
_TRANSIENT_PART = 10


class ExponentLayout(NamedTuple):
    """Windows of equally many steps: first those of the transient, then those of the blocks.

    Attributes:
        interval: the steps after which tangents are made orthonormal.
        window: the steps of a window, a whole number of intervals.
        transient: the windows of the transient.
        blocks: B.
        windows: those of a block.
    """

    interval: int
    window: int
    transient: int
    blocks: int
    windows: int

    @property
    def all_windows(self) -> int:
        """The number of windows, the transient's included."""
        return self.transient + self.blocks * self.windows

    @property
    def block_steps(self) -> int:
        """The number of steps in a block."""
        return self.windows * self.window


def exponent_layout(
    steps: int, transient: int | None, *, interval: int, window: int, blocks: Any
) -> ExponentLayout:
    """Divide the steps of a run.

    Blocks, and the windows in them, are equal. What does not divide is left to the transient, and
    less than a window is left out at the end.

    Arguments:
        steps: of the run.
        transient: the steps that are not counted, at least; None: a tenth of them.
        interval, window: as asked for; a short run has shorter ones.
        blocks: B.

    Raises:
        ConfigError: there are not enough steps, or too many.
    """
    if isinstance(blocks, bool) or not isinstance(blocks, int) or blocks < FEWEST_BLOCKS:
        raise ConfigError(
            f"blocks must be a whole number of at least {FEWEST_BLOCKS}, not {blocks!r}: a "
            "standard error from fewer is chance"
        )
    transient = steps // _TRANSIENT_PART if transient is None else transient
    counted = steps - transient
    if counted < blocks:
        raise ConfigError(
            f"of {steps} steps {max(counted, 0)} are left after the transient, and each of the "
            f"{blocks} blocks needs at least one: choose a longer run, or a shorter transient"
        )
    if steps > _MOST_STEPS:
        raise ConfigError(f"{steps} steps are more than can be counted: choose a larger step")
    interval = _interval(steps, transient, min(interval, window), blocks)
    total, first = steps // interval, -(-transient // interval)
    in_block = (total - first) // blocks
    windows = -(-in_block * interval // window)
    in_window = in_block // windows
    while (-(-first // in_window) + blocks * windows) * in_window > total:
        in_window -= 1
    rest = total // in_window - blocks * windows
    return ExponentLayout(interval, in_window * interval, rest, blocks, windows)


def _interval(steps: int, transient: int, longest: int, blocks: int) -> int:
    """Return the longest interval of which each block has one; there is a step for each of them."""
    for interval in range(longest, 1, -1):
        if steps // interval - -(-transient // interval) >= blocks:
            return interval
    return 1
