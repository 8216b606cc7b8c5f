"""Prints options with which XLA compiles soonest, of those that this version of it has.

What is compiled without optimisations, and by the older emitters of fused operations, takes half
the time. XLA ends a process that asks for an option that it does not have.
"""

import os
import subprocess
import sys

ALWAYS = "--xla_backend_optimization_level=0"
PERHAPS = "--xla_cpu_use_fusion_emitters=false"


def main() -> None:
    """Print all options, or those that every version has."""
    both = f"{ALWAYS} {PERHAPS}"
    known = subprocess.run(
        [sys.executable, "-c", "import jax; jax.devices()"],
        env={**os.environ, "XLA_FLAGS": both, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        check=False,
    )
    print(ALWAYS if known.returncode else both)


if __name__ == "__main__":
    main()
