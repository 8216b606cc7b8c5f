"""From a configuration to a store: ties systems, integrators and stores together."""

from parasim.simulation._config import (
    RunConfig as RunConfig,
    make_config as make_config,
    plan_config as plan_config,
    read_run_file as read_run_file,
)
from parasim.simulation._execute import compile_plan as compile_plan
from parasim.simulation._inputs import InputFile as InputFile
from parasim.simulation._plan import Plan as Plan
from parasim.simulation._progress import Progress as Progress
from parasim.simulation._simulate import (
    check_store as check_store,
    run_plan as run_plan,
    simulate as simulate,
)

__all__ = [
    "InputFile",
    "Plan",
    "Progress",
    "RunConfig",
    "check_store",
    "compile_plan",
    "make_config",
    "plan_config",
    "read_run_file",
    "run_plan",
    "simulate",
]
