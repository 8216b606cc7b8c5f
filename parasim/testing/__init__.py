"""Conformance suites for people who write plugins: subclass one, and pytest runs its tests.

    from parasim.testing import SystemTests

    class TestMyModel(SystemTests):
        name = "my-model"

A suite finds the plugin by its name, as a run does, so that the package has to be installed. None
of this is a plugin of pytest's: nothing is imported into other people's test runs.
"""

import pytest

for _module in ("analyses", "exponents", "integrators", "sinks", "systems"):
    pytest.register_assert_rewrite(f"parasim.testing._{_module}")

from parasim.testing._analyses import AnalysisTests as AnalysisTests  # noqa: E402
from parasim.testing._exponents import ExponentTests as ExponentTests  # noqa: E402
from parasim.testing._integrators import IntegratorTests as IntegratorTests  # noqa: E402
from parasim.testing._sinks import SinkTests as SinkTests  # noqa: E402
from parasim.testing._systems import SystemTests as SystemTests  # noqa: E402

__all__ = ["AnalysisTests", "ExponentTests", "IntegratorTests", "SinkTests", "SystemTests"]
