"""The registry: what is found and in which order, what is loaded, and what one plugin can spoil."""

import pickle
import subprocess
import sys

import pytest

from parasim import (
    BrokenPlugin,
    ConfigError,
    IncompatiblePlugin,
    ParasimError,
    PluginError,
    PluginWarning,
    UnknownPlugin,
    get_system,
    system_names,
)
from parasim.plugins import _registry
from parasim.plugins._description import describe
from parasim.plugins._discovery import KINDS, scan
from parasim.plugins._registry import disabling, entries, find, load, names

GOOD = """
    from parasim import System

    def factory(sites: int = 3):
        return System(
            name="my-model", vector_field=lambda t, y, args: y,
            initial_state=lambda params, seed: {}, params={}, variables={}, time_unit="1",
            description="somebody's model", citation="", options={"sites": sites},
        )
"""


def states(group="systems"):
    return {
        (e.plugin.distribution, e.plugin.name): e.state for e in entries(group) if not e.plugin.own
    }


def test_listing_imports_nothing_and_no_jax():
    code = (
        "import sys, parasim; from parasim.plugins._registry import names;"
        "assert all(names(group) for group in "
        "('systems', 'integrators', 'sinks', 'analyses', 'commands'));"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('jax', 'click', 'xarray')];"
        "assert not [m for m in sys.modules if m.startswith('parasim.plugins.climate')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("group", KINDS)
def test_what_parasim_brings_comes_through_the_door_and_has_names_as_they_are_listed(group):
    own = [plugin for plugin in scan(group) if plugin.own]
    assert own
    for plugin in own:
        assert plugin.entry_point.name == plugin.name
        assert callable(load(group, plugin.name))


def test_a_plugin_is_found_by_name_and_imported_when_it_is_used(installed):
    installed("good", {"systems": {"My_Model": "good_plugin:factory"}}, good_plugin=GOOD)
    assert "my-model" in system_names()
    assert states() == {("good", "my-model"): "available"}
    assert "good_plugin" not in sys.modules
    assert get_system("MY_MODEL", sites=5).options == {"sites": 5}
    assert states() == {("good", "my-model"): "loaded"}
    plugin = find("systems", "my-model")
    assert (plugin.distribution, plugin.version) == ("good", "1.0")


def test_the_order_is_parasims_own_then_by_name_then_by_distribution(installed):
    for name in ("zebra", "ant"):
        installed(name, {"systems": {"b": "m:f", "a": "m:f"}}, m="def f(): ...")
    found = scan("systems")
    own = [plugin.own for plugin in found]
    assert own == sorted(own, reverse=True)
    assert [(p.name, p.distribution) for p in found if not p.own] == [
        ("a", "ant"), ("a", "zebra"), ("b", "ant"), ("b", "zebra")
    ]  # fmt: skip


BROKEN = {
    "import error": ("import nothing_of_that_name", "ModuleNotFoundError: No module named"),
    "syntax error": ("def f(:", "SyntaxError"),
    "no such attribute": ("g = 1", "AttributeError"),
    "error of parasim's": (
        "from parasim import ConfigError\nraise ConfigError('no')", "ConfigError: no"
    ),
    "wrong type": ("f = 3", "is of type int, where a function or a class is needed"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_says_who_brought_it_and_stops_nobody_else(installed, source, said):
    installed("bad", {"systems": {"bad": "bad_plugin:f"}}, "0.3", bad_plugin=source)
    installed("good", {"systems": {"my-model": "good_plugin:factory"}}, good_plugin=GOOD)
    with pytest.raises(BrokenPlugin, match=r"bad 0\.3, bad_plugin:f") as first:
        load("systems", "bad")
    assert said in str(first.value)
    assert (first.value.__cause__ is None) == (source == "f = 3")
    with pytest.raises(BrokenPlugin) as second:
        load("systems", "bad")
    assert second.value is first.value
    assert states() == {("bad", "bad"): "broken", ("good", "my-model"): "available"}
    assert get_system("my-model").name == "my-model"


@pytest.mark.parametrize("value", ["not valid !!", "", "m:", ":f", "m:f:g"])
def test_an_entry_point_that_cannot_be_read_is_broken(installed, value):
    installed("bad", {"systems": {"bad": value}})
    assert describe(find("systems", "bad")).line == ""
    with pytest.raises(BrokenPlugin, match="cannot be loaded"):
        load("systems", "bad")


def test_an_installation_without_metadata_is_found(installed, tmp_path):
    installed("half", {"systems": {"half": "m:f"}}, m="def f(): ...")
    (tmp_path / "site" / "half-1.0.dist-info" / "METADATA").unlink()
    _registry.refresh()
    assert find("systems", "half").origin == "? ?, m:f"


def test_a_function_that_makes_the_wrong_thing_or_fails_is_broken(installed):
    source = "def number(): return 3\ndef fails(): raise KeyError('x')"
    installed("bad", {"systems": {"number": "m:number", "fails": "m:fails"}}, m=source)
    with pytest.raises(BrokenPlugin, match=r"makes something of type int.*parasim\.plugins\.Sys"):
        get_system("number")
    with pytest.raises(BrokenPlugin, match="fails: KeyError") as caught:
        get_system("fails")
    assert isinstance(caught.value.__cause__, KeyError)


def test_what_a_function_refuses_is_not_its_fault(installed):
    source = "from parasim import ConfigError\ndef f(): raise ConfigError('too few')"
    installed("good", {"systems": {"f": "m:f"}}, m=source)
    with pytest.raises(ConfigError, match="too few"):
        get_system("f")


def test_leaving_the_process_is_not_caught(installed):
    installed("rude", {"systems": {"rude": "rude_plugin:f"}}, rude_plugin="raise SystemExit(9)")
    with pytest.raises(SystemExit):
        load("systems", "rude")


@pytest.mark.parametrize("version", [0, 2, "1"])
def test_a_plugin_for_another_interface_is_incompatible(installed, version):
    source = f"PARASIM_API = {version!r}\ndef f(): ..."
    installed("old", {"sinks": {"old": "old_plugin:f"}}, old_plugin=source)
    for _ in range(2):
        with pytest.raises(IncompatiblePlugin, match=f"version {version!r} .* has version 1"):
            load("sinks", "old")
    assert states("sinks") == {("old", "old"): "incompatible"}


def test_of_two_with_one_name_the_first_is_used_and_that_is_said_once(installed):
    for name in ("zebra", "ant"):
        source = f"def factory(): return {name!r}"
        installed(name, {"analyses": {"same": f"{name}_m:factory"}}, **{f"{name}_m": source})
    assert states("analyses") == {("ant", "same"): "available", ("zebra", "same"): "shadowed"}
    with pytest.warns(PluginWarning, match=r"that of ant 1\.0.* is used, not that of zebra"):
        assert load("analyses", "same")() == "ant"
    assert load("analyses", "same")() == "ant"  # a second warning would be an error


def test_parasims_own_comes_before_another_of_its_name(installed):
    installed("clash", {"systems": {"lorenz63": "clash_plugin:f"}}, clash_plugin="def f(): ...")
    assert states() == {("clash", "lorenz63"): "shadowed"}
    with pytest.warns(PluginWarning, match="clash"):
        assert get_system("lorenz63").name == "lorenz63"
    assert "clash_plugin" not in sys.modules


@pytest.mark.parametrize("pattern", ["clash", "systems:lorenz63", "parasim.systems:Lorenz63"])
def test_plugins_can_be_disabled_by_distribution_or_by_name(installed, monkeypatch, pattern):
    installed("clash", {"systems": {"lorenz63": "m:f"}, "sinks": {"mine": "m:f"}}, m="def f(): ...")
    monkeypatch.setenv("PARASIM_DISABLE_PLUGINS", f"other, {pattern}")
    assert states() == {("clash", "lorenz63"): "disabled"}
    assert ("mine" in names("sinks")) == (pattern != "clash")
    assert ("lorenz63" in system_names()) == (pattern == "clash")


def test_what_is_disabled_for_a_while_is_said_to_be_and_another_of_its_name_takes_its_place(
    installed,
):
    for name in ("zebra", "ant"):
        source = f"def factory(): return {name!r}"
        installed(name, {"analyses": {"same": f"{name}_m:factory"}}, **{f"{name}_m": source})
    with disabling(("ant",)):
        assert load("analyses", "same")() == "zebra"
        with disabling(("zebra",)), pytest.raises(UnknownPlugin, match="'same' is disabled, by"):
            load("analyses", "same")
    assert states("analyses")["ant", "same"] == "available"


def test_what_a_plugin_prints_goes_to_stderr(installed, capsys):
    source = "print('hello')\ndef f(): print('again')\n"
    installed("chatty", {"systems": {"chatty": "chatty_plugin:f"}}, chatty_plugin=source)
    with pytest.raises(BrokenPlugin):
        get_system("chatty")
    assert capsys.readouterr() == ("", "hello\nagain\n")


def test_an_unknown_name_is_answered_with_near_ones_or_with_where_to_look():
    with pytest.raises(UnknownPlugin, match=r"no solver 'tsit6': did you mean 'tsit5'\?"):
        find("integrators", "tsit6")
    with pytest.raises(UnknownPlugin, match=r"known: memory, zarr; if another package brings it"):
        find("sinks", "icechunk")


def test_every_error_is_below_one_base_and_can_be_sent_to_another_process():
    for kind, code in ((UnknownPlugin, 2), (BrokenPlugin, 5), (IncompatiblePlugin, 5)):
        assert issubclass(kind, PluginError)
        assert kind.exit_code == code
        assert str(pickle.loads(pickle.dumps(kind("text")))) == "text"
    assert issubclass(PluginError, ParasimError)
    assert issubclass(UnknownPlugin, ConfigError)


def test_the_disk_is_read_once_until_it_is_asked_for_again(installed, monkeypatch):
    scan("systems")
    monkeypatch.setattr("parasim.plugins._discovery.entry_points", lambda **_: [])
    assert names("systems")
    _registry.refresh()
    assert names("systems") == ()
