"""Where the costs of windows come from, by which a run decides."""

from pathlib import Path

from parasim.integrators.decision._costs_cache import costs_file, costs_key, load_costs
from parasim.integrators.newton._flatten import Flattening
from parasim.simulation.planning._model import one_run
from parasim.simulation.planning._plan import Plan


def costs_origin(plan: Plan) -> Path | None:
    """Return the file with the costs that a plan reckons with; None if they are estimates."""
    size = Flattening(one_run(plan.model, plan.runs)[0]).size
    key = costs_key("diffrax", size, plan.configuration["dtype"], plan.solver.method.interval)
    return None if load_costs(key) is None else costs_file(key)
