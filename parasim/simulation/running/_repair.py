"""Makes again what is damaged in a store: the run, from its beginning to the last damaged row."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from parasim.io._session import StoreSession
from parasim.io._verify import Damage, Verification
from parasim.simulation.planning._plan import Plan
from parasim.simulation.running._compile import Compiled
from parasim.simulation.running._execute import calls, initial_rows, one_behind, put_rows
from parasim.simulation.running._failures import Failures


def damaged_windows(damage: Damage, configuration: Mapping[str, Any]) -> range:
    """Return the numbers of the windows, from 0, that a damaged file is about.

    Arguments:
        damage: of a file along `time` or `window`.
        configuration: of the run, as in the attributes of its store.
    """
    if damage.along == "window":
        return range(damage.first, damage.stop)
    steps, every = configuration["solver"]["steps"], configuration["every"]
    first, last = damage.first * every, (damage.stop - 1) * every
    return range(max(0, first - 1) // steps, max(0, last - 1) // steps + 1)


def repair(
    plan: Plan, compiled: Compiled, session: StoreSession, verification: Verification
) -> None:
    """Write again every damaged file of a store.

    What it held comes out the same, because a run depends on nothing but its plan. Regions whose
    progress is lost are begun again by the run that follows.

    Arguments:
        plan: of the run.
        compiled: by `compile_plan`.
        session: of the store.
        verification: what is damaged.
    """
    for region in verification.lost:
        session.forget(region)
    damages = sorted(verification.damages, key=lambda damage: damage.region)
    for region, some in groupby(damages, key=lambda damage: damage.region):
        if region < 0:
            session.write_coordinates(list(some))
        elif region not in verification.lost:
            _repair_region(plan, compiled, session, region, list(some))


def _repair_region(
    plan: Plan,
    compiled: Compiled,
    session: StoreSession,
    region: int,
    damages: list[Damage],
) -> None:
    compiled = compiled.for_region(plan, region)
    writer = session.patch(region, damages)
    writer.put(initial_rows(plan, region))
    failures = Failures(plan, region, {})
    for call in one_behind(calls(plan, compiled, compiled.position, 0)):
        if int(call.batch.windows):
            put_rows(plan, writer, region, call, failures)
        if writer.done or not call.batch.finite:
            break
