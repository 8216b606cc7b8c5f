"""The BibTeX entries of what a run uses, as far as it is known before it begins."""

import io
from contextlib import redirect_stdout
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import diffrax

from parasim._bibtex import join_groups, note_entry
from parasim._citations import PARASIM, ROOT_FINDER, XARRAY_AND_DASK, ZARR

if TYPE_CHECKING:
    from parasim.simulation.planning._model import Model


def run_bibtex(model: "Model", solver: Any) -> str:
    """Return the entries of the system, the inner solver and the packages.

    Those of the methods that compute windows in parallel are left to the reader of the store.

    Arguments:
        model: with its own entries, or a sentence about where it comes from, or nothing.
        solver: the inner solver.
    """
    system = model.bibtex
    if not system and model.citation:
        system = note_entry(model.name, model.description or model.name, model.citation)
    own = [_of_version(PARASIM, "parasim"), _of_version(ZARR, "zarr"), XARRAY_AND_DASK]
    return join_groups({
        "The system": [system],
        "The inner solver, and what it is written in": [_solver_bibtex(solver)],
        "parasim, and what stores are written and read with": own,
    })  # fmt: skip


def _solver_bibtex(solver: Any) -> str:
    """Return diffrax's own list, which it prints."""
    while isinstance(solver, diffrax.AbstractWrappedSolver):
        solver = solver.solver
    printed = io.StringIO()
    with redirect_stdout(printed):
        diffrax.citation(solver=solver)
    implicit = isinstance(solver, diffrax.AbstractImplicitSolver)
    return printed.getvalue() + (ROOT_FINDER if implicit else "")


def _of_version(entry: str, package: str) -> str:
    return entry.replace("{VERSION}", "{" + version(package) + "}")
