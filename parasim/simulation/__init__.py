"""From a configuration to a store: ties systems, integrators and stores together."""

from parasim.simulation.insight._bench import Bench as Bench, ModeTimes as ModeTimes, bench as bench
from parasim.simulation.insight._calibrate import (
    Calibration as Calibration,
    CalibrationPlan as CalibrationPlan,
    calibrate_system as calibrate_system,
    plan_calibration as plan_calibration,
)
from parasim.simulation.insight._costs_origin import costs_origin as costs_origin
from parasim.simulation.insight._explain import (
    Explanation as Explanation,
    Stretch as Stretch,
    explain_store as explain_store,
)
from parasim.simulation.insight._exponents import (
    plan_exponents as plan_exponents,
    system_exponents as system_exponents,
)
from parasim.simulation.insight._outlook import Outlook as Outlook
from parasim.simulation.insight._verification import (
    Comparison as Comparison,
    verify_system as verify_system,
)
from parasim.simulation.planning._config import (
    RunConfig as RunConfig,
    make_config as make_config,
    plan_config as plan_config,
    plan_stored as plan_stored,
    plan_values as plan_values,
)
from parasim.simulation.planning._inputs import InputFile as InputFile
from parasim.simulation.planning._plan import Plan as Plan
from parasim.simulation.planning._resume import (
    stored_attributes as stored_attributes,
    stored_costs as stored_costs,
)
from parasim.simulation.planning._run_file import read_run_file as read_run_file
from parasim.simulation.planning._runs import Sweep as Sweep
from parasim.simulation.planning._values import (
    check_values as check_values,
    parse_number as parse_number,
)
from parasim.simulation.running._compile import compile_plan as compile_plan
from parasim.simulation.running._distributed import parts_for as parts_for
from parasim.simulation.running._progress import Progress as Progress
from parasim.simulation.running._repair import damaged_windows as damaged_windows
from parasim.simulation.running._simulate import simulate as simulate
from parasim.simulation.running._sinks import (
    find_sink as find_sink,
    is_store as is_store,
    run_into as run_into,
)
from parasim.simulation.running._store_run import (
    check_resume as check_resume,
    check_run as check_run,
    resume_plan as resume_plan,
    run_plan as run_plan,
)

__all__ = [
    "Bench",
    "Calibration",
    "CalibrationPlan",
    "Comparison",
    "Explanation",
    "InputFile",
    "ModeTimes",
    "Outlook",
    "Plan",
    "Progress",
    "RunConfig",
    "Stretch",
    "Sweep",
    "bench",
    "calibrate_system",
    "check_resume",
    "check_run",
    "check_values",
    "compile_plan",
    "costs_origin",
    "damaged_windows",
    "explain_store",
    "find_sink",
    "is_store",
    "make_config",
    "parse_number",
    "parts_for",
    "plan_calibration",
    "plan_config",
    "plan_exponents",
    "plan_stored",
    "plan_values",
    "read_run_file",
    "resume_plan",
    "run_into",
    "run_plan",
    "simulate",
    "stored_attributes",
    "stored_costs",
    "system_exponents",
    "verify_system",
]
