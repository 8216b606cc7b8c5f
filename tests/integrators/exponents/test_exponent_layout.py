import itertools

import pytest

from parasim import ConfigError
from parasim.integrators.exponents._exponent_layout import exponent_layout

STEPS = (9, 40, 287, 288, 289, 1000, 12345, 10**6)
TRANSIENTS = (None, 0, 1, 29, 500)
SIZES = ((8, 1024), (1, 1), (8, 1), (7, 20), (100, 30))


@pytest.mark.parametrize("blocks", [8, 32])
def test_blocks_are_equal_and_hardly_a_step_is_lost(blocks):
    tried = 0
    for steps, transient, (interval, window) in itertools.product(STEPS, TRANSIENTS, SIZES):
        least = steps // 10 if transient is None else transient
        if steps - least < blocks:
            continue
        tried += 1
        layout = exponent_layout(steps, transient, interval=interval, window=window, blocks=blocks)
        assert layout.blocks == blocks
        assert 1 <= layout.interval <= interval
        assert 1 <= layout.window <= window
        assert layout.window % layout.interval == 0
        assert layout.transient * layout.window >= least
        left_out = steps - layout.all_windows * layout.window
        assert 0 <= left_out < layout.window + layout.interval
    assert tried > 40


@pytest.mark.parametrize(
    ("steps", "transient", "blocks", "said"),
    [
        (10, None, 32, "longer run"),
        (100, 90, 32, "shorter transient"),
        (100, None, 4, "at least 8"),
        (100, None, 10.0, "whole number"),
        (2**31, None, 32, "larger step"),
    ],
)
def test_runs_that_are_too_short_are_refused(steps, transient, blocks, said):
    with pytest.raises(ConfigError, match=said):
        exponent_layout(steps, transient, interval=8, window=1024, blocks=blocks)
