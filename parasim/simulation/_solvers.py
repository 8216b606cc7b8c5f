"""The names of the inner solvers, for run files and the command line."""

from typing import Any

import numpy as np

from parasim._errors import ConfigError, near_names

# The one-step solvers of diffrax for ordinary differential equations: a solver that carries
# memory from step to step cannot have its steps solved together.
SOLVERS = {
    "euler": "Euler",
    "heun": "Heun",
    "midpoint": "Midpoint",
    "ralston": "Ralston",
    "bosh3": "Bosh3",
    "tsit5": "Tsit5",
    "dopri5": "Dopri5",
    "dopri8": "Dopri8",
    "impliciteuler": "ImplicitEuler",
    "kvaerno3": "Kvaerno3",
    "kvaerno4": "Kvaerno4",
    "kvaerno5": "Kvaerno5",
}


def check_solver_name(name: str) -> str:
    """Return the name in lower case.

    Raises:
        ConfigError: there is no such solver.
    """
    known = name.lower()
    if known not in SOLVERS:
        raise ConfigError(f"there is no solver {name!r}: {near_names(known, SOLVERS)}")
    return known


def inner_solver(name: str, dtype: Any) -> Any:
    """Make the diffrax solver of that name.

    Args:
        name: as in `SOLVERS`.
        dtype: of the state; an implicit solver solves its stages to a tolerance that suits it.

    Raises:
        ConfigError: there is no such solver.
    """
    known = check_solver_name(name)
    import diffrax
    import optimistix

    solver = getattr(diffrax, SOLVERS[known])
    if not issubclass(solver, diffrax.AbstractImplicitSolver):
        return solver()
    # diffrax takes these tolerances from an adaptive controller, and a fixed step has none. Its
    # default, one Jacobian per step, converges too slowly to reach round-off in its ten iterations.
    # Newton's stops at a hundredth of its tolerance, which must be above round-off.
    tolerance = 100 * float(np.finfo(dtype).eps) ** 0.75
    root_finder = optimistix.Newton(rtol=tolerance, atol=tolerance)
    return solver(root_finder=root_finder)  # pyright: ignore[reportCallIssue]
