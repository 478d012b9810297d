"""What the settings make of the environment."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connection

from tests.settings_names import environment_names, setting_names
from tom_project.environment import database_settings, kept_secret_key, list_of_json

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_",
    "ALLOWED_HOSTS": "tom.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://tom.example.org",
    "HTTPS": "true",
    "BEHIND_PROXY": "true",
    "DATABASE_URL": "postgres://tom:secret@127.0.0.1/tom",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


def manage(tmp_path, *arguments, **variables):
    """Run manage.py with these variables and none of the machine's."""
    environment = {
        "PATH": os.environ["PATH"],
        "TOM_ENV_FILE": os.devnull,
        "TOM_DATA_DIR": str(tmp_path),
        **variables,
    }
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def setting(tmp_path, expression, **variables):
    done = manage(
        tmp_path,
        "shell",
        "--no-imports",
        "-c",
        f"from django.conf import settings as s; print(({expression}))",
        **variables,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.once
def test_the_production_profile_passes_the_checks_for_deployment(tmp_path):
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.once
def test_nothing_set_gives_sqlite_and_no_debug_pages(tmp_path):
    said = setting(tmp_path, "s.DEBUG, s.DATABASES['default']['ENGINE'], s.DATABASES['default']['NAME']")
    assert said == str((False, "django.db.backends.sqlite3", str(tmp_path / "tom.sqlite3")))


@pytest.mark.slow
@pytest.mark.once
def test_a_bucket_takes_the_data_products(tmp_path):
    expression = "s.STORAGES['default']['BACKEND'], s.STORAGES['default']['OPTIONS']['bucket_name']"
    said = setting(tmp_path, expression, S3_BUCKET="night", S3_ENDPOINT_URL="http://127.0.0.1:9000")
    assert said == str(("tom_common.file_storage.PrivateS3Storage", "night"))


@pytest.mark.slow
@pytest.mark.once
def test_redis_brings_the_task_queue(tmp_path):
    expression = "'django_dramatiq' in s.INSTALLED_APPS, s.DRAMATIQ_BROKER['OPTIONS']['url']"
    assert setting(tmp_path, expression, REDIS_URL="redis://127.0.0.1/3") == str(
        (True, "redis://127.0.0.1/3")
    )


def test_a_secret_key_is_made_once_and_read_by_its_owner_only(tmp_path):
    file = tmp_path / "data" / "secret_key"
    key = kept_secret_key(file)
    assert len(key) > 60
    assert kept_secret_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_key_that_cannot_be_kept_says_what_to_set(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ImproperlyConfigured, match="TOM_DATA_DIR"):
        kept_secret_key(tmp_path / "file" / "secret_key")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", {"ENGINE": "django.db.backends.sqlite3", "NAME": "/data/tom.sqlite3"}),
        ("sqlite:////srv/tom.db", {"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/tom.db"}),
        ("sqlite:///:memory:", {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}),
        (
            "postgres://me:p%40ss@db:5433/tom",
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "tom",
                "USER": "me",
                "PASSWORD": "p@ss",
                "HOST": "db",
                "PORT": "5433",
            },
        ),
        (
            "mariadb://root@%2Frun%2Fmysqld%2Fmysqld.sock/tom",
            {"ENGINE": "django.db.backends.mysql", "HOST": "/run/mysqld/mysqld.sock", "NAME": "tom"},
        ),
    ],
)
def test_a_database_url_is_read(url, expected):
    found = database_settings(url, Path("/data"))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("url", ["oracle://db/tom", "sqlite://", "postgres://db", "postgres://db:port/tom"])
def test_an_unusable_database_url_is_refused_by_name(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        database_settings(url, Path("/data"))


@pytest.mark.django_db
def test_health_is_told_to_whoever_asks_whatever_the_host_name(client):
    answer = client.get("/healthz", headers={"host": "10.1.2.3"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_health_is_bad_without_the_database(client, monkeypatch, error):
    def refuse():
        raise error("gone")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "no database"})


def test_every_variable_is_described_in_the_reference():
    page = (
        (ROOT / "docs" / "reference" / "settings.md").read_text().partition("\n## Settings of a project")[0]
    )
    described = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert described == environment_names()


def test_every_setting_that_the_apps_read_is_described_in_the_reference():
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    names = setting_names()
    assert {"TOM_DUPLICATE_ACTION", "TOM_VISIBILITY_SITES", "HOOKS"} <= names
    assert sorted(name for name in names if f"`{name}`" not in page) == []


@pytest.mark.parametrize("text", ["", "[]"])
def test_no_streams_are_named_by_an_empty_variable(text):
    assert list_of_json("ALERT_STREAMS", text) == []


@pytest.mark.parametrize("text", ["{", '{"NAME": "a"}', '["a"]', "5"])
def test_a_list_that_is_none_is_told_with_its_variable(text):
    with pytest.raises(ImproperlyConfigured, match="ALERT_STREAMS"):
        list_of_json("ALERT_STREAMS", text)


def test_streams_are_named_in_json():
    assert list_of_json("ALERT_STREAMS", '[{"NAME": "a.B"}]') == [{"NAME": "a.B"}]
