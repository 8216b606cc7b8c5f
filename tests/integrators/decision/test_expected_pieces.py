import jax
import numpy as np

from parasim.integrators.decision._expected_pieces import expected_fronts
from parasim.integrators.decision._history import COARSE
from tests.integrators.decision.pieces import MENU, START, after

_fronts = jax.jit(lambda history: expected_fronts(history, MENU))


def test_longer_pieces_tell_how_shorter_ones_would_have_gone_on():
    """Two iterations for 192 steps, which has 0.8 of the weight of one for as many."""
    history = after(after(START, (8, 64, 160, 256)), (8, 64, 64, 64), length=64)
    expected = [8, 64, 64 + 1.8 * 192 / (1 + 0.8 * 2), 256]
    np.testing.assert_allclose(
        _fronts(history)[COARSE, MENU.sizes.index(256), :2], [expected, [8, 64, 160, 256]]
    )
