"""The command line; a thin face of `parasim.simulation` that imports no jax before it must."""

from parasim.cli._main import main as main
