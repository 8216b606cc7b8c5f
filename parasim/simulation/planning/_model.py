"""What is integrated: a system or a plain vector field, with its state and arguments resolved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from parasim._errors import ConfigError, near_names
from parasim.io._layout import Field
from parasim.plugins import System
from parasim.simulation.planning._perturbation import perturbed
from parasim.simulation.planning._runs import MEMBER, Runs


@dataclass(frozen=True, eq=False)
class Model:
    """A vector field, or a recurrence, with a concrete initial state and arguments.

    Attributes:
        name: of the system, or of the function.
        rule: `(t, y, args) -> dy/dt`, or the next state of a recurrence.
        y0: pytree of numpy arrays; in front are the axes of the runs side by side.
        args: what the vector field gets as its last argument; of a swept parameter the values of
            all runs.
        fields: the arrays of a store that hold the leaves of the state, in the order of the
            flattened pytree.
        variables: the names of these arrays, in the order in which the system declares them.
        time_unit: the unit of `t`.
        description: one line, or nothing.
        citation: where the equations come from, or nothing.
        bibtex: the same as BibTeX entries, or nothing.
        settings: the parameters and structural options that can be written as JSON.
    """

    name: str
    rule: Callable[[Any, Any, Any], Any]
    y0: Any
    args: Any
    fields: tuple[Field, ...]
    variables: tuple[str, ...]
    time_unit: str
    description: str
    citation: str
    bibtex: str
    settings: Mapping[str, Any]

    def named_leaves(self, tree: Any) -> dict[str, Any]:
        """Return the leaves of a pytree like the state, by the names of their arrays."""
        names = (f.name for f in self.fields)
        return dict(zip(names, jax.tree.leaves(tree), strict=True))


def system_model(
    system: System,
    values: Mapping[str, float],
    y0: Any,
    *,
    dtype: np.dtype,
    runs: Runs,
    perturbation: float | None = None,
) -> Model:
    """Give a system its initial states.

    Arguments:
        system: what is integrated.
        values: of all its parameters.
        y0: some or all leaves of the initial state by name; a number fills a leaf. A value with one
            more axis than the leaf has one entry per member.
        dtype: of the state.
        runs: side by side, with their seeds and the parameters in which they differ.
        perturbation: of the members' initial states, relative; None for one where nothing else
            tells them apart.

    Raises:
        ConfigError: a leaf has no such name, or a value has the wrong type or shape.
    """
    points = list(np.ndindex(runs.shape))
    states = []
    for point in points:
        swept = {name: float(run_values[point]) for name, run_values in runs.swept.items()}
        states.append(system.initial_state({**values, **swept}, int(runs.seeds[point])))
    state = {}
    for name in system.variables:
        leaves = np.stack([np.asarray(s[name], dtype) for s in states])
        state[name] = leaves.reshape((*runs.shape, *leaves.shape[1:]))
    for name, value in _checked_mapping(y0, system).items():
        state[name] = _override(name, value, state[name], runs)
    state = perturbed(state, runs, perturbation)
    fields = tuple(
        Field(
            name=name,
            dims=variable.dims,
            shape=state[name].shape[len(runs.shape) :],
            dtype=dtype,
            attributes={"units": variable.unit, "long_name": variable.description or name},
        )
        for name, variable in sorted(system.variables.items())  # jax's order of a dictionary
    )
    _check_finite(state)
    args = {name: np.asarray(value, dtype) for name, value in values.items()}
    swept = {name: np.asarray(run_values, dtype) for name, run_values in runs.swept.items()}
    return Model(
        name=system.name,
        rule=system.rule,
        y0=state,
        args=args | swept,
        fields=fields,
        variables=tuple(system.variables),
        time_unit=system.time_unit,
        description=system.description,
        citation=system.citation,
        bibtex=system.bibtex,
        settings={**system.options, **{k: v for k, v in values.items() if k not in runs.swept}},
    )


def _checked_mapping(y0: Any, system: System) -> Mapping[str, Any]:
    if y0 is None:
        return {}
    if not isinstance(y0, Mapping):
        raise ConfigError(f"y0 of a system is a dictionary of leaves by name, not {y0!r}")
    for name in y0:
        if name not in system.variables:
            raise ConfigError(
                f"{system.name} has no state variable {name!r}: "
                f"{near_names(str(name), system.variables)}"
            )
    return y0


def _override(name: str, value: Any, default: np.ndarray, runs: Runs) -> np.ndarray:
    """Return a given initial value in the shape of the leaf that it replaces."""
    try:
        given = np.asarray(value)
    except ValueError:  # rows of different length
        given = np.asarray(None)
    if given.dtype.kind not in "iuf":
        raise ConfigError(f"y0: {name} must be a number or an array of numbers, not {value!r}")
    own = default.shape[len(runs.shape) :]
    each = (runs.axes[MEMBER], *own) if MEMBER in runs.axes else own  # members are last
    if given.shape not in ((), own, each):
        expected = f"a number or shape {own}" + (f" or {each}" if each != own else "")
        raise ConfigError(f"y0: {name} has shape {given.shape}, must be {expected}")
    return np.broadcast_to(given, default.shape).astype(default.dtype)


def plain_model(
    vector_field: Any,
    args: Any,
    y0: Any,
    *,
    dtype: np.dtype,
    runs: Runs,
    perturbation: float | None = None,
) -> Model:
    """Take a plain vector field as it is; the leaves of the state are named by their paths.

    Arguments:
        vector_field: `(t, y, args) -> dy/dt`.
        args: passed on untouched, but for what is swept.
        y0: any pytree of numbers; with members, every leaf has a leading axis of that length.
        dtype: of the state.
        runs: side by side, with the parameters in which they differ.
        perturbation: of the members' initial states, relative.

    Raises:
        ConfigError: it is no function, there is no y0, or a leaf is no real number or has the wrong
            shape.
    """
    if not callable(vector_field):
        raise ConfigError(
            "system must be a name, a parasim.System or a vector field f(t, y, args), "
            f"not {vector_field!r}"
        )
    paths, structure = jax.tree_util.tree_flatten_with_path(y0)
    if not paths:
        raise ConfigError("a plain vector field needs an initial state: give y0=")
    members = runs.axes.get(MEMBER)
    leaves, fields = {}, []
    for path, value in paths:
        name = jax.tree_util.keystr(path, simple=True, separator="_") or "y"
        leaf = np.asarray(value)
        if leaf.dtype.kind not in "iuf":
            raise ConfigError(f"y0: {name} must hold real numbers, not {leaf.dtype}")
        if members is not None and leaf.shape[:1] != (members,):
            raise ConfigError(
                f"y0: {name} has shape {leaf.shape}; with {members} members its first axis must "
                "have that length"
            )
        own = leaf.shape[int(members is not None) :]
        leaves[name] = np.broadcast_to(leaf.astype(dtype), (*runs.shape, *own))
        dims = tuple(f"{name}_{axis}" for axis in range(len(own)))
        fields.append(Field(name=name, dims=dims, shape=own, dtype=dtype))
    leaves = perturbed(leaves, runs, perturbation or 0.0)
    _check_finite(leaves)
    if runs.swept:
        args = {**args, **{name: values.astype(dtype) for name, values in runs.swept.items()}}
    return Model(
        name=getattr(vector_field, "__name__", type(vector_field).__name__),
        rule=vector_field,
        y0=jax.tree_util.tree_unflatten(structure, list(leaves.values())),
        args=args,
        fields=tuple(fields),
        variables=tuple(leaves),
        time_unit="1",
        description="",
        citation="",
        bibtex="",
        settings={},
    )


def _check_finite(state: Mapping[str, np.ndarray]) -> None:
    for name, leaf in state.items():
        if not np.isfinite(leaf).all():
            raise ConfigError(f"y0: {name} must be finite, not {leaf}")


def check_vector_field(model: Model, runs: Runs) -> None:
    """Check, without running it, that the vector field returns what the state looks like.

    Raises:
        ConfigError: the result has another structure or shape than the state.
    """
    state, args = one_run(model, runs)
    time = np.zeros((), jax.tree.leaves(model.y0)[0].dtype)
    slope = jax.eval_shape(lambda y: model.rule(time, y, args), state)
    given = jax.tree.structure(slope), [leaf.shape for leaf in jax.tree.leaves(slope)]
    expected = jax.tree.structure(state), [leaf.shape for leaf in jax.tree.leaves(state)]
    if given != expected:
        raise ConfigError(
            f"the vector field or step of {model.name} returns {_shapes(slope)}, but the state is "
            f"{_shapes(state)}: return one slope per leaf of y, or of a recurrence its next value"
        )


def one_run(model: Model, runs: Runs) -> tuple[Any, Any]:
    """Return the initial state and the arguments of the first run."""
    first = (0,) * len(runs.shape)
    y0 = jax.tree.map(lambda leaf: leaf[first], model.y0)
    if not runs.swept:
        return y0, model.args
    return y0, {**model.args, **{name: model.args[name][first] for name in runs.swept}}


def _shapes(tree: Any) -> str:
    return str(jax.tree.map(lambda leaf: tuple(leaf.shape), tree))
