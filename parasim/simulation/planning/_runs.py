"""Runs side by side: the members of an ensemble, and the points of a sweep over parameters."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parasim._errors import ConfigError, near_names
from parasim._numbers import as_float, shown, whole_number
from parasim.io._layout import Coordinate
from parasim.plugins import System

MEMBER = "member"
_BATCH = 64
_MOST_RUNS = 10**7


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of an ensemble or a sweep, along the first axes of every array.

    Attributes:
        axes: their names and lengths; empty for a single run.
        coordinates: along them.
        swept: the values of the parameters that differ, each in the shape of the axes.
        seeds: of the initial states, in that shape.
        block: how much of each axis is computed together.
    """

    axes: Mapping[str, int]
    coordinates: tuple[Coordinate, ...]
    swept: Mapping[str, np.ndarray]
    seeds: np.ndarray
    block: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return tuple(self.axes.values())

    def in_batches(self, batch: int | None, *, parts: int, most: int) -> "Runs":
        """Return the same runs, divided into blocks that are computed together.

        Arguments:
            batch: how many runs to compute together, at most; by default 64.
            parts: how many blocks there should be at least, if the batch is not given.
            most: how many fit into memory, likewise.

        Raises:
            ConfigError: the batch is no positive number.
        """
        if batch is None:
            batch = max(1, min(_BATCH, most, math.prod(self.shape) // parts))
        batch = whole_number("batch", batch, minimum=1)
        return replace(self, block=_block(self.shape, batch))

    @property
    def together(self) -> int:
        """How many runs are computed together."""
        return math.prod(self.block)


@dataclass(frozen=True)
class Sweep:
    """Which parameters take which values.

    Attributes:
        values: by name of the parameter.
        zipped: whether the parameters take their values together, the first of each, the second
            of each and so on, instead of in all combinations.
    """

    values: Mapping[str, Sequence[float]] = field(default_factory=dict)
    zipped: bool = False


def single_run(seed: int = 0) -> Runs:
    """Return a run without axes."""
    return Runs({}, (), {}, np.asarray(seed), ())


def make_runs(
    sweep: Sweep,
    members: int | None,
    seed: int,
    *,
    system: Any,
    params: Any,
) -> Runs:
    """Lay out the runs: an axis per swept parameter, in the order given, and one for members.

    Parameters that are zipped share the axis `member` with the members of an ensemble, which
    follow each other there for each of their values.

    Arguments:
        sweep: the parameters.
        members: the size of the ensemble at each point; None without one.
        seed: member i has seed + i.
        system: whose parameters they are, if it is a `System`.
        params: what was set by the user; a parameter cannot be set and swept.

    Raises:
        ConfigError: a name or a number is wrong.
    """
    if members is not None:
        members = whole_number("members", members, minimum=1)
    values = {name: _swept(name, given, system, params) for name, given in sweep.values.items()}
    _check_number(values, members or 1, sweep.zipped)
    if sweep.zipped:
        axes, coordinates, swept, number = _zipped(values, members or 1)
    else:
        axes = {name: len(points) for name, points in values.items()}
        coordinates = [Coordinate(name, name, points) for name, points in values.items()]
        if members is not None:
            axes |= {MEMBER: members}
            coordinates.append(Coordinate(MEMBER, MEMBER, np.arange(members)))
        grid = np.meshgrid(*values.values(), indexing="ij")
        behind = (..., *[None] * (members is not None))
        shape = tuple(axes.values())
        swept = {
            name: np.broadcast_to(points[behind], shape)
            for name, points in zip(values, grid, strict=True)
        }
        number = np.broadcast_to(np.arange(members or 1) if members else 0, shape)
    described = tuple(_described(c, system) for c in coordinates)
    return Runs(axes, described, swept, seed + number, _block(tuple(axes.values()), 1))


def _check_number(values: Mapping[str, np.ndarray], members: int, zipped: bool) -> None:
    """Refuse so many runs that to lay them out would fill the memory.

    Raises:
        ConfigError: that.
    """
    lengths = [len(points) for points in values.values()]
    total = members * (max(lengths, default=1) if zipped else math.prod(lengths))
    if total > _MOST_RUNS:
        raise ConfigError(
            f"{total:,} runs are more than {_MOST_RUNS:,}, the most that one store can hold: "
            "take fewer members or values, or divide them among several stores"
        )


def _zipped(values: Mapping[str, np.ndarray], members: int) -> tuple[Any, ...]:
    """Lay parameters that take their values together along the axis of members."""
    lengths = {name: len(points) for name, points in values.items()}
    if len(set(lengths.values())) != 1:
        raise ConfigError(
            "parameters that are swept together need as many values each, not "
            + (", ".join(f"{n} for {name}" for name, n in lengths.items()) or "none")
        )
    total = next(iter(lengths.values())) * members
    swept = {name: np.repeat(points, members) for name, points in values.items()}
    coordinates = [Coordinate(MEMBER, MEMBER, np.arange(total))]
    coordinates += [Coordinate(name, MEMBER, points) for name, points in swept.items()]
    return {MEMBER: total}, coordinates, swept, np.arange(total) % members


def _swept(name: str, given: Any, system: Any, params: Any) -> np.ndarray:
    """Return the values of a swept parameter, checked."""
    if isinstance(system, System):
        if name in system.options:
            raise ConfigError(
                f"{name} cannot be swept, because the size of the state depends on it: run "
                f"{system.name} once for each value"
            )
        known: Any = system.params
    elif isinstance(params, Mapping):
        known = params
    else:
        raise ConfigError(
            f"{name} cannot be swept: a plain vector field needs params as a dictionary by name"
        )
    if name not in known:
        raise ConfigError(f"there is no parameter {name!r} to sweep: {near_names(name, known)}")
    if isinstance(system, System) and isinstance(params, Mapping) and name in params:
        raise ConfigError(f"{name} is both set and swept: leave out one of them")
    numbers = [as_float(value) for value in np.atleast_1d(np.asarray(given, dtype=object))]
    if not numbers:
        raise ConfigError(f"{name} is swept over no values: give one at least")
    if not all(map(math.isfinite, numbers)):
        raise ConfigError(f"{name} is swept over {shown(given)}: all values must be finite numbers")
    if isinstance(system, System):
        for number in numbers:
            system.resolve({name: number})
    return np.asarray(numbers)


def _described(coordinate: Coordinate, system: Any) -> Coordinate:
    """Give a coordinate the attributes that CF asks for."""
    if coordinate.name == MEMBER:
        attributes = {"standard_name": "realization", "units": "1"}
    elif isinstance(system, System):
        parameter = system.params[coordinate.name]
        attributes = {
            "units": parameter.unit,
            "long_name": parameter.description or coordinate.name,
        }
    else:
        attributes = {"units": "1"}
    return Coordinate(coordinate.name, coordinate.axis, coordinate.values, attributes)


def _block(shape: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """Divide the axes so that no more than `batch` runs are in one part.

    A part has all of the last axes, and a power of two of the one before.
    """
    block, left = [], batch
    for length in reversed(shape):
        part = length if length <= left else 2 ** int(math.log2(left))
        block.append(part)
        left = left // part if part == length else 1
    return tuple(reversed(block))
