"""What a system is: a vector field or a step, with its state, its parameters and their meaning.

Knows no jax, so that a list of systems needs no jax.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parasim._bibtex import split_entries
from parasim._errors import ConfigError, near_names
from parasim._numbers import as_float, shown
from parasim.plugins._truth import Truth

State = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A number that a vector field depends on, with its unit and the range that makes sense.

    Attributes:
        value: the default.
        unit: as CF conventions write it, such as `"W m-2 K-1"`; `"1"` if dimensionless.
        minimum, maximum: the closed range of allowed values.
        description: what it is, in a few words.
    """

    value: float
    unit: str = "1"
    minimum: float = -math.inf
    maximum: float = math.inf
    description: str = ""


@dataclass(frozen=True)
class Variable:
    """One leaf of a system's state: its unit, and the names of its axes.

    Attributes:
        unit: as CF conventions write it; `"1"` if dimensionless.
        dims: a name per axis of the leaf; empty for a scalar.
        description: what it is, in a few words.
    """

    unit: str = "1"
    dims: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Reset:
    """A jump of the state, made at the moment at which a condition passes zero upwards.

    Attributes:
        condition: `(t, y, args) -> number`, negative before and after the jump.
        apply: `(t, y, args) -> state` after the jump.
    """

    condition: Callable[[Any, Any, Any], Any]
    apply: Callable[[Any, Any, Any], Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class System:
    """A dynamical system and what its numbers mean: a flow, or a recurrence.

    A flow is `dy/dt = vector_field(t, y, args)`, with jumps where it has `resets`. A recurrence is
    `y_{n+1} = step(n, y_n, args)`, whose unit of time is a step.

    Attributes:
        name: lower case, with hyphens.
        initial_state: `(params, seed) -> state`, in numpy; the seed is for systems whose initial
            state is random.
        params: the parameters by name.
        variables: what the state's leaves are, by name.
        time_unit: the unit of `t`, as CF conventions write it, such as `"ms"` or `"year"`; `"step"`
            of a recurrence.
        description: one line for lists.
        citation: where the equations come from.
        vector_field: `(t, y, args) -> dy/dt`; `y` and the result are dictionaries keyed like
            `variables`, `args` holds the value of every parameter by name. A parameter that is
            driven by data has its value at time `t` there.
        step: `(n, y, args) -> y` after the step, in the same form; `n` is in floating point.
        resets: the jumps of a flow.
        options: the structural choices that it was built with, such as a number of sites.
        bibtex: the citation as one or more BibTeX entries, for `parasim cite`.
        dt: a step that resolves it at the default parameters; of a recurrence 1. None: whoever runs
            it chooses.
        truth: the numbers that it is known to have.

    Raises:
        ConfigError: there is no entry in `bibtex`, or not one of `vector_field` and `step`, or a
            recurrence has resets or another `dt`.
    """

    name: str
    initial_state: Callable[[Mapping[str, float], int], State]
    params: Mapping[str, Parameter]
    variables: Mapping[str, Variable]
    time_unit: str
    description: str
    citation: str
    vector_field: Callable[[Any, Any, Any], Any] | None = None
    step: Callable[[Any, Any, Any], Any] | None = None
    resets: tuple[Reset, ...] = ()
    options: Mapping[str, int] = field(default_factory=dict)
    bibtex: str = ""
    dt: float | None = None
    truth: tuple[Truth, ...] = ()

    def __post_init__(self) -> None:
        if self.bibtex and not split_entries(self.bibtex):
            raise ConfigError(
                f"{self.name}: bibtex holds no entry; write one such as @article{{key, ...}} whose "
                "braces are closed, or leave it out"
            )
        if (self.vector_field is None) == (self.step is None):
            raise ConfigError(f"{self.name}: give a vector_field, or the step of a recurrence")
        if self.step is not None:
            if self.resets:
                raise ConfigError(f"{self.name}: resets are of flows; make them in the step")
            if self.dt not in (None, 1):
                raise ConfigError(f"{self.name}: the dt of a recurrence is 1, not {self.dt}")
            object.__setattr__(self, "dt", 1.0)

    @property
    def rule(self) -> Callable[[Any, Any, Any], Any]:
        """The vector field of a flow, the step of a recurrence."""
        return self.vector_field or self.step  # pyright: ignore[reportReturnType]

    @property
    def is_recurrence(self) -> bool:
        """Whether it has a step instead of a vector field."""
        return self.step is not None

    @property
    def y0(self) -> State:
        """The initial state at the default parameters and seed 0."""
        return self.initial_state({name: p.value for name, p in self.params.items()}, 0)

    def resolve(self, params: Mapping[str, float] | None = None) -> dict[str, float]:
        """Complete the given parameters with the defaults, and check them.

        Returns:
            A value for every parameter of the system.

        Raises:
            ConfigError: a name is unknown, or a value is no number or outside its range.
        """
        given = dict(params or {})
        for name, value in given.items():
            if name not in self.params:
                raise ConfigError(
                    f"{self.name} has no parameter {name!r}: {near_names(name, self.params)}"
                )
            given[name] = _checked(self.name, name, value, self.params[name])
        return {name: given.get(name, p.value) for name, p in self.params.items()}


def _checked(system: str, name: str, value: Any, parameter: Parameter) -> float:
    """Return the value as a float if it is a number inside the parameter's range."""
    number = as_float(value)
    if math.isnan(number):
        raise ConfigError(f"{system}: parameter {name} must be a number, not {shown(value)}")
    if not parameter.minimum <= number <= parameter.maximum:
        raise ConfigError(
            f"{system}: parameter {name} = {number:g} is outside its range "
            f"[{parameter.minimum:g}, {parameter.maximum:g}] {parameter.unit}"
        )
    return number
