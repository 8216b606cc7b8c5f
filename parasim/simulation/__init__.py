"""From a configuration to a store: ties systems, integrators and stores together."""

from parasim.simulation._progress import Progress as Progress
from parasim.simulation._simulate import simulate as simulate

__all__ = ["Progress", "simulate"]
