"""Systems, and the one place where a name finds its system."""

from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._systems import build_system, get_system, system_names

__all__ = ["Parameter", "System", "Variable", "build_system", "get_system", "system_names"]
