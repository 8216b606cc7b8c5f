"""What was asked of `simulate`, written down so that another process can make the same run."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from parasim._errors import ConfigError
from parasim.integrators import ParallelNewton
from parasim.simulation.planning._config import RunConfig, plan_config, request_config
from parasim.simulation.planning._inputs import input_file
from parasim.simulation.planning._plan import Plan
from parasim.simulation.planning._runs import Sweep
from parasim.simulation.planning._solvers import name_of_solver

_MOST_VALUES = 10_000  # of an initial state that is written out


def written_request(plan: Plan, system: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what makes a plan again, or None where that cannot be written down.

    It is tried: what is returned has made a plan with the same configuration.

    Arguments:
        plan: as it was made.
        system: what was given for it; only a name can be written.
        given: the other arguments of `simulate`, by name.
    """
    if not isinstance(system, str):
        return None
    values = sum(np.size(value) for value in (given["y0"] or {}).values())
    inputs = {name: input_file(name, source) for name, source in (given["inputs"] or {}).items()}
    if values > _MOST_VALUES or None in inputs.values():
        return None
    sweep = given["sweep"]
    sweep = sweep if isinstance(sweep, Sweep) else Sweep(sweep or {})
    solver: ParallelNewton = plan.solver
    request = {
        "system": system,
        **{name: float(given[name]) for name in ("t0", "t1")},
        "dt": plan.grid.dt,
        **{name: given[name] for name in ("every", "seed", "perturbation")},
        "solver": name_of_solver(solver.solver),
        "mode": solver.mode,
        "steps": solver.steps,
        "dtype": plan.configuration["dtype"],
        "ensemble": given["members"],
        "zip": sweep.zipped,
        "batch": plan.runs.together if plan.ensemble else None,
        "set": _numbers(given["params"]),
        "y0": _numbers(given["y0"]),
        "input": inputs,
        "sweep": _numbers(sweep.values),
        "encoding": plan.layout.encoding,
    }
    try:
        present = {key: value for key, value in request.items() if value is not None}
        config: RunConfig = request_config(present, "store")
        again = plan_config(config, solver.costs)
    except ConfigError:  # a solver without a name, or a decision of the user's own
        return None
    return config.request if again.configuration == plan.configuration else None


def _numbers(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in (values or {}).items()}
