"""`parasim resume`: go on with a run that was interrupted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from parasim import _text
from parasim.cli._completion import complete_stores
from parasim.cli._json import say, write_json
from parasim.cli._options import cluster_options, debug_option, json_option

if TYPE_CHECKING:
    from parasim.simulation import Plan

_EPILOG = """\b
Examples:
  parasim resume lorenz.zarr
  parasim resume lorenz.zarr --extend 200
  parasim resume lorenz.zarr --repair

The result is the same to the last bit as without the interruption. That takes the same system,
the same versions of parasim, jax, diffrax and equinox, and the same kind of device; otherwise it is
refused, and what differs is named.

Exit codes: 0 done, 2 the run would come out otherwise, 3 the integration failed, 4 the store is in
the way or cannot be written, 130 interrupted, 143 terminated."""


@click.command(epilog=_EPILOG)
@click.argument("store", shell_complete=complete_stores)
@click.option("--extend", "t1", metavar="T", help="Lengthen a complete run to a later time.")
@click.option("--repair", is_flag=True, show_default=False, help="Compute again what is missing or "
              "damaged: see `parasim verify`.")  # fmt: skip
@cluster_options
@click.option("--force-unlock", is_flag=True, show_default=False, help="Take the store from a "
              "process that is said to write it.")  # fmt: skip
@click.option("--dry-run", is_flag=True, show_default=False, help="Say what would be done, and "
              "write nothing.")  # fmt: skip
@click.option("--quiet", is_flag=True, show_default=False, help="No progress bar and no summary.")
@json_option
@debug_option
def resume(
    store: str,
    *,
    t1: str | None,
    repair: bool,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Go on with the run of a STORE from its last commit.

    After Ctrl-C, a kill, a full disk or a reboot: a run commits every few seconds, and what it
    committed is never lost.
    """
    from parasim.simulation import plan_stored, stored_attributes

    attributes = stored_attributes(store)
    if attributes["status"] == "complete" and t1 is None and not repair:
        if as_json:
            write_json({"written": False, "store": store, "status": "complete"})
        elif not quiet:
            click.echo(f"{store} is complete: there is nothing to do.")
        return

    import jax

    from parasim.cli._running import show_run
    from parasim.simulation import resume_plan

    with jax.enable_x64(attributes["configuration"]["dtype"] == "float64"):
        plan = plan_stored(store, attributes, t1)
        if dry_run:
            record = _planned(store, plan, attributes, repair=repair)
            say(record, _describe(record, attributes["title"]), as_json=as_json)
            return
        show_run(
            plan,
            store,
            lambda report: resume_plan(
                plan,
                store,
                attributes,
                mend=repair,
                progress=report,
                **options,
            ),
            quiet=quiet,
            as_json=as_json,
        )


def _planned(
    store: str, plan: "Plan", attributes: Mapping[str, Any], *, repair: bool
) -> dict[str, Any]:
    """Return from where to where a run would go on, and what would be mended."""
    from parasim.io import summarise_store, verify_store
    from parasim.simulation import check_resume

    check_resume(plan, store, attributes, mend=repair)
    summary = summarise_store(store)
    found = verify_store(store) if repair else None
    return {
        "written": False,
        "store": store,
        "status": summary.status,
        "t0": plan.grid.t0,
        "last_time": summary.last_time,
        "t1": plan.grid.t1,
        "time_unit": summary.time_unit,
        "damages": None if found is None else len(found.damages) + len(found.lost),
    }


def _describe(planned: Mapping[str, Any], title: str) -> str:
    unit, damages = planned["time_unit"], planned["damages"]
    lines = [
        ("store", f"{planned['store']}: {title}"),
        ("status", planned["status"]),
        ("there", f"{_text.number(planned['t0'])} to {_text.quantity(planned['last_time'], unit)}, "
                  "in the part that has come furthest"),
        ("to do", f"to {_text.quantity(planned['t1'], unit)}"),
        ("damage", "" if damages is None else f"{_text.count(damages)} files would be mended"),
    ]  # fmt: skip
    return _text.aligned(lines) + "\n\nNothing was computed or written (--dry-run)."
