"""What a person gets who installs us with pip, and what the lock files promise."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("run.lock", "dev.lock", "node.lock")
DEBIAN_PYTHON = "3.11.2"

SETTINGS = """

from tom_common.default_settings import *  # noqa

INSTALLED_APPS = TOMTOOLKIT_INSTALLED_APPS
MIDDLEWARE = TOMTOOLKIT_MIDDLEWARE
TOM_NAME = "Packaged TOM"
SITE_ID = 1
ALLOWED_HOSTS = ["testserver"]
MEDIA_ROOT = BASE_DIR / "media"
STATIC_ROOT = BASE_DIR / "static"
"""
URLS = """
from django.urls import include, path

urlpatterns = [path("", include("tom_common.urls"))]
"""
PROBE = """
import importlib.util, sys
from pathlib import Path

import django
from django.core.management import call_command

django.setup()
call_command("check", fail_level="ERROR")
call_command("migrate", verbosity=0)
call_command("collectstatic", verbosity=0, interactive=False)

import tom_common
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.test import Client

where = Path(tom_common.__file__)
assert Path(sys.prefix) in where.parents, where
answer = Client().get("/")
assert answer.status_code == 200, (answer.status_code, answer.content[:2000])
assert b"Packaged TOM" in answer.content
assert get_template("tom_common/base.html")
for asset in ("bootstrap/bootstrap.min.css", "uplot/uPlot.iife.min.js"):
    assert finders.find("vendor/" + asset), asset
assert importlib.util.find_spec("tom_targets.tests.factories"), "factories are not packaged"
assert importlib.util.find_spec("tests") is None, "our own test-suite is packaged"
print("the packaged TOM boots")
"""


def _locked(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text()
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


def _run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Give the Python of an environment that holds our package and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("packaged")
    source = folder / "source"
    listed = _run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT).split(
        "\0"
    )
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    venv.create(folder / "env", with_pip=True)
    pip = [str(folder / "env" / "bin" / "pip"), "--disable-pip-version-check", "--quiet", "install"]
    lock = ROOT / "requirements" / "run.lock"
    _run([*pip, "--no-compile", "--no-deps", "--require-hashes", "-r", str(lock)])
    _run([*pip, "--no-deps", str(source)])
    yield folder / "env" / "bin" / "python"
    shutil.rmtree(folder)


@pytest.fixture
def project(installed, tmp_path):
    """Give the folder of a project as its author starts it."""
    _run([str(installed.with_name("django-admin")), "startproject", "observatory", str(tmp_path)])
    settings = tmp_path / "observatory" / "settings.py"
    settings.write_text(settings.read_text() + SETTINGS)
    (tmp_path / "observatory" / "urls.py").write_text(URLS)
    (tmp_path / "probe.py").write_text(textwrap.dedent(PROBE))
    return tmp_path


@pytest.mark.slow
def test_a_project_of_its_own_boots_on_the_installed_package(installed, project):
    environment = {"DJANGO_SETTINGS_MODULE": "observatory.settings", "PATH": os.environ["PATH"]}
    said = _run([str(installed), "probe.py"], cwd=project, env=environment)
    assert said.endswith("the packaged TOM boots\n")


@pytest.mark.slow
def test_the_lock_satisfies_what_the_package_asks_for(installed):
    assert _run([str(installed), "-m", "pip", "check"]).startswith("No broken requirements")


def test_this_environment_is_consistent():
    assert _run([sys.executable, "-m", "pip", "check"]).startswith("No broken requirements")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_has_hashes(lock):
    text = (ROOT / "requirements" / lock).read_text()
    entries = re.findall(
        r"^[\w.-]+==[^\n]*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE
    )
    assert len(entries) == len(_locked(lock)) > 0


@pytest.mark.parametrize("name", ["package-lock.json", *(f"requirements/{lock}" for lock in LOCKS)])
def test_a_lock_holds_no_registry_address(name):
    text = (ROOT / name).read_text()
    assert not re.findall(
        r"https?://(?!opencollective|github\.com/sponsors)\S*|--(?:extra-)?index-url|--find-links", text
    )


def test_the_lock_pins_every_dependency_of_the_package():
    import tomllib

    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = _locked("run.lock")
    for line in package["dependencies"]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), line


def test_the_tools_are_locked_at_the_versions_that_run():
    run, dev = _locked("run.lock"), _locked("dev.lock")
    assert {name: (run[name], dev[name]) for name in run.keys() & dev.keys() if run[name] != dev[name]} == {}


def test_every_locked_version_runs_on_debians_python():
    for name in {**_locked("run.lock"), **_locked("dev.lock")}:
        wanted = importlib.metadata.metadata(name).get("Requires-Python") or ">=3"
        assert Requirement(f"python{wanted}").specifier.contains(DEBIAN_PYTHON), (
            f"{name} wants Python {wanted}"
        )
