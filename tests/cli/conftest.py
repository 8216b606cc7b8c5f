"""Runs the command line in this process, in an empty folder; distributions made by hand."""

import warnings
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from parasim.cli import main
from tests.distributions import installed as installed


@pytest.fixture
def parasim(tmp_path, monkeypatch) -> Callable[[str], Result]:
    monkeypatch.chdir(tmp_path)

    def run(arguments: str) -> Result:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return CliRunner().invoke(main, arguments.split())

    return run
