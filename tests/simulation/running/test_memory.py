"""A long run takes no more memory than a short one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
import jax
jax.config.update("jax_enable_x64", True)
import parasim
parasim.simulate("lorenz63", t1=1e5, dt=0.01, store=sys.argv[1])
# Not ru_maxrss, in which the memory of the process that started this one counts.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_ten_million_steps_of_three_variables_stay_under_a_gigabyte(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "s.zarr")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(result.stdout) < 2**30
