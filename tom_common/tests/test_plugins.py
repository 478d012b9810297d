import sys
from unittest.mock import Mock

import pytest
from django.apps import apps
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from tom_common import checks, hooks, plugins
from tom_common.plugins import PluginError, PluginRegistry
from tom_common.tests import plugged

HERE = "tom_common.tests.plugged"


@pytest.fixture
def registry(monkeypatch):
    """Give a registry that the system checks of other tests do not see."""
    monkeypatch.setattr(PluginRegistry, "instances", [])
    monkeypatch.setattr(plugins, "_broken", {})
    return PluginRegistry("TEST_PLUGINS", base=f"{HERE}.Interface", default=[f"{HERE}.Good"])


def test_default_holds_while_the_setting_is_absent(registry):
    assert registry.names() == ["Good"]


def test_setting_is_read_at_every_use(registry, settings):
    settings.TEST_PLUGINS = [f"{HERE}.Other", f"{HERE}.Good"]
    both = registry.all()
    settings.TEST_PLUGINS = []

    assert both == {"Other": plugged.Other, "Good": plugged.Good}
    assert registry.all() == {}


def test_class_is_found_by_its_name(registry):
    assert registry.get("Good") is plugged.Good
    assert registry.choices() == [("Good", "A good one")]


def test_class_without_a_name_goes_by_its_own(registry, settings):
    settings.TEST_PLUGINS = [f"{HERE}.Unnamed"]

    assert registry.names() == ["Unnamed"]


def test_unknown_name_is_told_with_what_there_is(registry):
    with pytest.raises(PluginError, match=r"no plugin 'Lasair' in settings\.TEST_PLUGINS; it has: Good"):
        registry.get("Lasair")


def test_error_is_of_the_two_kinds_that_callers_catch(registry):
    for kind in (ImportError, ImproperlyConfigured):
        with pytest.raises(kind):
            registry.get("Lasair")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no.such.module.Class", "No module named 'no'"),
        (f"{HERE}.Missing", "Missing"),
        (f"{HERE}.not_a_class", "is not a class"),
        (f"{HERE}.Stranger", "does not extend tom_common.tests.plugged.Interface"),
        ("nodots", "nodots"),
        ("", "''"),
    ],
)
def test_broken_entry_is_left_out_and_named(registry, settings, caplog, path, reason):
    settings.TEST_PLUGINS = [path, f"{HERE}.Good"]

    assert registry.names() == ["Good"]
    (problem,) = registry.problems()
    assert "settings.TEST_PLUGINS" in problem
    assert reason in problem
    assert reason in caplog.text
    with pytest.raises(PluginError, match="Good"):
        registry.get("Broken")


def test_broken_module_is_run_once_not_at_every_request(registry, settings, tmp_path, monkeypatch):
    (tmp_path / "explodes.py").write_text("import sys\nsys.explosions += 1\nraise OSError('no network')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "explosions", 0, raising=False)
    settings.TEST_PLUGINS = ["explodes.Plugin"]

    for _ in range(3):
        assert registry.all() == {}

    assert sys.explosions == 1
    assert "OSError: no network" in registry.problems()[0]


def test_setting_may_be_a_dict_with_configurations(registry, settings):
    settings.TEST_PLUGINS = {
        "ATLAS": {"class": f"{HERE}.Good", "url": "x"},
        "PS1": f"{HERE}.Other",
        "broken": {"class": "no.such.Class"},
    }

    assert registry.all() == {"ATLAS": plugged.Good, "PS1": plugged.Other}
    assert registry.config("ATLAS")["url"] == "x"
    assert registry.config("PS1") == registry.config("nothing") == {}
    with pytest.raises(PluginError, match=r"no\.such\.Class"):
        registry.get("broken")


def test_older_name_of_the_setting_is_read_where_the_new_one_is_absent(monkeypatch, settings):
    monkeypatch.setattr(PluginRegistry, "instances", [])
    registry = PluginRegistry("NEW_NAME", aliases=["OLD_NAME"], default=[])
    settings.OLD_NAME = [f"{HERE}.Other"]
    old = registry.names()
    settings.NEW_NAME = [f"{HERE}.Good"]

    assert (old, registry.names()) == (["Other"], ["Good"])


def test_apps_contribute_classes(monkeypatch, settings):
    monkeypatch.setattr(PluginRegistry, "instances", [])
    config = apps.get_app_config("tom_common")
    offered = Mock(return_value=[{"class": f"{HERE}.Good"}, f"{HERE}.Other", {}])
    monkeypatch.setattr(config, "data_widgets", offered, raising=False)
    registry = PluginRegistry("TEST_PLUGINS", contribution="data_widgets")
    settings.TEST_PLUGINS = [f"{HERE}.Other"]

    assert registry.names() == ["Other", "Good"]


# --- system checks


def test_check_warns_of_each_broken_plugin(registry, settings):
    settings.TEST_PLUGINS = ["no.such.Class", f"{HERE}.Good"]
    (found,) = checks.check_plugins()

    assert isinstance(found, CheckWarning)
    assert "no.such.Class" in found.msg


def test_check_warns_of_broken_hooks_and_requirements(settings):
    settings.HOOKS = {"fine": f"{HERE}.note", "off": None, "bad": "no.such.function"}
    settings.TOM_ACCOUNT_REQUIREMENTS = [f"{HERE}.nothing"]
    messages = [found.msg for found in checks.check_hooks()]

    assert len(messages) == 2
    assert "HOOKS['bad']" in messages[0]
    assert "TOM_ACCOUNT_REQUIREMENTS" in messages[1]


def test_check_warns_of_an_unknown_background_mode(settings):
    assert checks.check_background_mode() == []
    settings.TOM_BACKGROUND = "celery"
    assert "celery" in checks.check_background_mode()[0].msg


def test_checks_pass_without_url_configuration(settings):
    del settings.ROOT_URLCONF
    call_command("check", "--tag", "tom")


# --- hooks


@pytest.fixture
def seen():
    plugged.seen.clear()
    return plugged.seen


def test_hook_is_called_and_its_result_returned(settings, seen):
    settings.HOOKS = {"happened": f"{HERE}.note"}

    assert hooks.run_hook("happened", 1, two=2) == "noted"
    assert seen == [((1,), {"two": 2})]


@pytest.mark.parametrize("value", [{}, {"happened": ""}, {"happened": None}, None])
def test_hook_that_nobody_named_does_nothing(settings, value):
    settings.HOOKS = value

    assert hooks.run_hook("happened") is None


def test_hook_setting_may_be_absent(settings):
    del settings.HOOKS

    assert hooks.run_hook("target_post_save", target=1, created=True) is None


@pytest.mark.parametrize("path", ["no.such.function", f"{HERE}.nothing", "nodots", ""])
def test_path_that_cannot_be_imported_is_an_import_error(path):
    with pytest.raises(ImportError, match=f"Could not import {path}"):
        hooks.import_method(path)


def test_default_hooks_take_what_they_are_called_with(caplog):
    caplog.set_level("INFO")
    hooks.target_post_save(target="M 31", created=True)
    hooks.observation_change_state("record", "PENDING")

    assert "M 31 created: True" in caplog.text
    assert "record from PENDING" in caplog.text
