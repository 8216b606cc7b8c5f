"""What is said of plugins without importing them."""

import sys

import pytest

from parasim.plugins._description import Description, describe
from parasim.plugins._registry import find, load, names

SOURCE = '''
    """A module."""
    raise RuntimeError("this must not be imported")

    def analysis(dataset, threshold, *, width=1, level):
        """Return what is needed.

        More about it.
        """

    class Sink:
        """Rows in a file."""
        def __init__(self, option): ...

    def system(sites: int = 4):
        """Build it."""
        part = Variable(description="not this")
        return parasim.System(name="x", description="a model of something")

    value = analysis
'''


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("analysis", Description("Return what is needed", ("threshold", "level"), ("width",))),
        ("Sink", Description("Rows in a file")),
        ("system", Description("a model of something", (), ("sites",))),
        ("value", Description()),
        ("nothing", Description()),
    ],
)
def test_the_source_says_it(installed, attribute, expected):
    installed("mine", {"analyses": {"it": f"m:{attribute}"}}, m=SOURCE)
    assert describe(find("analyses", "it")) == expected
    assert "m" not in sys.modules


def test_it_is_found_where_a_package_passes_it_on(installed, tmp_path):
    installed("mine", {"systems": {"it": "package:build"}})
    inner = tmp_path / "site" / "package" / "inner"
    inner.mkdir(parents=True)
    (inner.parent / "__init__.py").write_text("from .inner import make as build\n")
    (inner / "__init__.py").write_text("from package.inner.deep import make\n")
    (inner / "deep.py").write_text('def make():\n    """Build it."""\n')
    assert describe(find("systems", "it")).line == "Build it"
    assert not {"package", "package.inner"} & set(sys.modules)


@pytest.mark.parametrize("source", ["def f(:", "\0", "from m import f"])
def test_a_source_that_cannot_be_read_says_nothing(installed, source):
    installed("mine", {"systems": {"it": "m:f"}}, m=source)
    assert describe(find("systems", "it")) == Description()


def test_a_module_that_is_not_there_says_nothing(installed):
    installed("mine", {"systems": {"it": "nowhere.at.all:f", "too": "json.no:f"}})
    assert describe(find("systems", "it")) == describe(find("systems", "too")) == Description()


@pytest.mark.parametrize("name", names("systems"))
def test_a_system_is_described_as_it_describes_itself(name):
    found = describe(find("systems", name))
    system = load("systems", name)()
    assert found.line == system.description
    assert set(found.optional) == set(system.options)


@pytest.mark.parametrize("group", ["integrators", "sinks", "analyses", "commands"])
def test_everything_of_parasims_own_is_described(group):
    assert all(describe(find(group, name)).line for name in names(group))
