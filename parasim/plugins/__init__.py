"""Systems, and the one place where a name finds its system."""

from parasim.plugins._registry import build_system, get_system, system_names
from parasim.plugins._system import Parameter, System, Variable

__all__ = ["Parameter", "System", "Variable", "build_system", "get_system", "system_names"]
