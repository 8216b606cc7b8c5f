"""A run's history, made piece by piece."""

import jax
import jax.numpy as jnp

from parasim.integrators.decision._costs import DeviceCosts, WindowMenu
from parasim.integrators.decision._history import COARSE, History, Outcome

# A coarse pass over 8 steps costs a step, an iteration 10, and an analogue as much.
COSTS = DeviceCosts(step=1.0, iteration=10.0, level=0.0, work=0.0)
MENU = WindowMenu(
    steps=1024, sizes=(1024, 256, 64), interval=8, most=4, duration=jnp.array(1.0), costs=COSTS
)
START = History.start(jnp.array([1.0, 0.0]), MENU.most, 0)
_after_piece = jax.jit(lambda history, outcome: history.after_piece(outcome, MENU))


def after(history, fronts, kind=COARSE, length=256, growth=0.0):
    integers = [MENU.sizes.index(length), kind, length, MENU.most, fronts, max(fronts)]
    outcome = Outcome(
        *(jnp.asarray(each, jnp.int32) for each in integers),
        jnp.array(growth),
        jnp.array([1.0, 0.0]),
    )
    history = _after_piece(history, outcome)
    return history._replace(position=jnp.zeros_like(history.position))
