"""What tells the members of an ensemble apart, where nothing else does."""

from collections.abc import Mapping

import numpy as np

from parasim._errors import ConfigError
from parasim._numbers import finite_number
from parasim.simulation.planning._runs import MEMBER, Runs

_RELATIVE = 1e-3


def perturbed(
    state: Mapping[str, np.ndarray], runs: Runs, relative: float | None
) -> dict[str, np.ndarray]:
    """Perturb the initial states of members by noise, drawn from the seed of each.

        leaf + relative * scale * N(0, 1)

    where the scale is the largest |value| of the leaf, or 1 if that is 0.

    Arguments:
        state: each leaf with the axes of the runs in front.
        runs: with their seeds.
        relative: the size; None for 1e-3 if there are members that all begin in the same state,
            else nothing.

    Raises:
        ConfigError: the size is no number or too large, or there are no members.
    """
    if relative is None:
        relative = _RELATIVE if _all_the_same(state, runs) else 0.0
    relative = finite_number("perturbation", relative)
    if relative == 0:
        return dict(state)
    if MEMBER not in runs.axes:
        raise ConfigError("a perturbation tells the members of an ensemble apart: give members too")
    result = {name: np.array(leaf) for name, leaf in state.items()}
    for point in np.ndindex(runs.shape):
        noise = np.random.default_rng(runs.seeds[point])
        for leaf in result.values():
            scale = np.abs(leaf[point]).max(initial=0.0) or 1.0
            with np.errstate(over="ignore"):
                leaf[point] += relative * scale * noise.standard_normal(leaf[point].shape)
            if not np.all(np.isfinite(leaf[point])):
                raise ConfigError(f"perturbation = {relative:g} is too large: choose one below 1")
    return result


def _all_the_same(state: Mapping[str, np.ndarray], runs: Runs) -> bool:
    """Whether there are several members, and nothing tells them apart."""
    axis = len(runs.shape) - 1
    if MEMBER not in runs.axes or len(np.unique(runs.seeds)) == 1:
        return False
    return all((leaf == leaf.take([0], axis)).all() for leaf in state.values())
