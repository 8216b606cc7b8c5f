import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.decision._guess_kind import better_kind
from parasim.integrators.decision._history import ANALOGUE, COARSE
from tests.integrators.decision.pieces import MENU, START, after

_better = jax.jit(lambda history, times, analogue: better_kind(history, MENU, times, analogue))


@pytest.mark.parametrize(
    ("tried", "times", "analogue", "expected"),
    [
        ((), (np.inf, np.inf), 50, COARSE),
        ((COARSE,), (300.0, np.inf), 50, ANALOGUE),
        ((COARSE,), (300.0, np.inf), -1, COARSE),
        ((COARSE, ANALOGUE), (300.0, 200.0), 50, ANALOGUE),
        ((COARSE, ANALOGUE), (300.0, 200.0), -1, COARSE),
        ((COARSE, ANALOGUE), (200.0, 300.0), 50, COARSE),
        ((ANALOGUE, *4 * [COARSE]), (200.0, 300.0), 50, ANALOGUE),  # four others since: its turn
        ((COARSE, *4 * [ANALOGUE]), (300.0, 200.0), 50, COARSE),
        ((COARSE, *4 * [ANALOGUE]), (300.0, 20.0), 50, ANALOGUE),  # coarse: 138 at the least
    ],
)
def test_the_better_kind_of_guess_is_taken_and_the_other_now_and_then(
    tried, times, analogue, expected
):
    history = START
    for kind in tried:
        history = after(history, (256, 256, 256, 256), kind=kind)
    kind, due = _better(history, jnp.array(times), jnp.array(analogue, jnp.int32))
    assert kind == expected
    assert due == (analogue >= 0 and np.inf > times[kind] > min(times))


@pytest.mark.parametrize(("length", "pieces"), [(1024, 11), (64, 16)])
def test_after_dear_coarse_passes_an_analogue_is_tried_again_sooner(length, pieces):
    """Six iterations from one take 70, a twentieth of 11 coarse pieces of 138; others take 18."""
    history = START
    for _ in range(15):
        history = after(history, (64, 64, 64, 64), length=64)
    history = after(history, (8, 8, 8, 8), kind=ANALOGUE, length=64)
    dues = []
    for _ in range(pieces):
        history = after(history, (length, length, length, length), length=length)
        dues.append(bool(_better(history, jnp.array([200.0, 300.0]), jnp.array(50, jnp.int32))[1]))
    assert dues == [*[False] * (pieces - 1), True]
