"""Where a vector field comes from."""

import functools
import hashlib
import json
import sys
import types

import dateutil.parser
import equinox as eqx
import jax
import pytest

from parasim import get_system
from parasim.plugins._drive import drive
from parasim.simulation.provenance._code_origins import code_origins


def field(t, y, args):
    return y


def module(monkeypatch, name, file):
    """Put a module with a vector field among those that are imported."""
    made = types.ModuleType(name)
    if file is not None:
        made.__file__ = str(file)
    exec("def field(t, y, args): return y", made.__dict__)
    monkeypatch.setitem(sys.modules, name, made)
    return made.field


def test_a_module_of_the_users_own_is_named_with_its_file_and_digest(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("anything")
    own = module(monkeypatch, "mine", tmp_path / "mine.py")
    digest = hashlib.sha256(b"anything").hexdigest()
    expected = {"module": "mine", "file": str(tmp_path / "mine.py"), "sha256": digest}
    assert code_origins([own, own]) == [expected]


@pytest.mark.parametrize("file", [None, "<stdin>"])
def test_a_notebook_has_no_file(monkeypatch, file):
    assert code_origins([module(monkeypatch, "__main__", file)]) == [{"module": "__main__"}]


def test_a_module_whose_file_is_gone_is_named_without_a_digest(tmp_path, monkeypatch):
    own = module(monkeypatch, "mine", tmp_path / "gone.py")
    assert code_origins([own]) == [{"module": "mine", "file": str(tmp_path / "gone.py")}]


def test_a_function_without_a_module():
    made = {}
    exec("def field(t, y, args): return y", made)
    made["field"].__module__ = None
    assert code_origins([made["field"]]) == [{"module": "builtins"}]


def test_an_installed_package_is_named_with_its_version():
    (origin,) = code_origins([eqx.nn.Identity()])
    assert origin.pop("module").startswith("equinox.")
    assert origin == {"distribution": "equinox", "version": eqx.__version__}


def test_a_distribution_may_have_another_name_than_its_package():
    (origin,) = code_origins([dateutil.parser.parse])
    assert origin["distribution"] == "python-dateutil"


def test_a_file_is_not_taken_for_the_distribution_of_the_same_name(tmp_path, monkeypatch):
    (tmp_path / "click.py").touch()
    (origin,) = code_origins([module(monkeypatch, "click", tmp_path / "click.py")])
    assert "distribution" not in origin


def test_a_distribution_used_from_its_checkout_is_named_with_the_file_too(tmp_path, monkeypatch):
    installed, checkout = tmp_path / "site-packages", tmp_path / "my checkout"
    information = installed / "my_plugin-1.2.dist-info"
    information.mkdir(parents=True)
    checkout.mkdir()
    (checkout / "my_plugin.py").touch()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: my-plugin\nVersion: 1.2\n")
    source = {"url": checkout.as_uri(), "dir_info": {"editable": True}}
    (information / "direct_url.json").write_text(json.dumps(source))
    monkeypatch.syspath_prepend(installed)
    (origin,) = code_origins([module(monkeypatch, "my_plugin", checkout / "my_plugin.py")])
    assert (origin["distribution"], origin["version"]) == ("my-plugin", "1.2")
    assert origin["file"] == str(checkout / "my_plugin.py")


@pytest.mark.parametrize(
    "wrapped",
    [
        jax.jit(field),
        eqx.filter_jit(field),
        functools.partial(field, args=None),
        drive(field, {}),
        drive(jax.jit(functools.partial(field)), {}),
    ],
    ids=["jit", "filter_jit", "partial", "driven", "all"],
)
def test_wrappers_are_seen_through(wrapped):
    assert [origin["module"] for origin in code_origins([wrapped])] == [__name__]


def test_what_is_parasims_own_is_left_out():
    system = get_system("lorenz63")
    assert code_origins([system.vector_field, drive(system.vector_field, {})]) == []
