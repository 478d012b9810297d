"""The image and the composition name only what exists in the project; no container engine is needed."""

import importlib
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands
from django.utils import timezone

from tests.settings_names import environment_names
from tom_alertstreams.models import StreamState
from tom_common.models import Worker
from tom_project import gunicorn_conf, streams_health, worker_health

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "PUBLISHED_PORT"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def example_names() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def ours(compose) -> dict:
    return {name: service for name, service in compose["services"].items() if service["image"] == "bettertom"}


def assert_command_exists(words: list[str]) -> None:
    if words[0] == "gunicorn":
        config = words[words.index("--config") + 1].removeprefix("python:")
        assert importlib.import_module(config) is gunicorn_conf
        module, _, name = words[-1].partition(":")
        assert callable(getattr(importlib.import_module(module), name))
    elif words[:2] == ["python", "manage.py"]:
        known = {*get_commands(), "rundramatiq"}  # django_dramatiq is installed where REDIS_URL is set
        assert words[2] in known
    else:
        assert words[:2] == ["python", "-m"]
        assert callable(importlib.import_module(words[2]).main)


def test_the_commands_of_the_services_exist(compose):
    services = ours(compose)
    assert set(services) == {"migrate", "web", "worker", "streams"}
    for service in services.values():
        assert_command_exists(service["command"])


def test_the_workers_command_comes_with_the_queue():
    command = importlib.import_module("django_dramatiq.management.commands.rundramatiq").Command()
    options = command.create_parser("manage.py", "rundramatiq").parse_args(
        ["--processes", "1", "--threads", "4"]
    )
    assert (options.processes, options.threads) == (1, 4)


def test_the_health_checks_ask_what_exists(compose):
    checks = {name: service.get("healthcheck") for name, service in compose["services"].items()}
    for name in ("worker", "streams"):
        assert checks[name]["test"][0] == "CMD"
        assert_command_exists(checks[name]["test"][1:])
    assert "/healthz" in dockerfile()  # of web; tests/test_settings.py asks for it
    assert checks["migrate"] == {"disable": True}
    assert all(checks[name]["test"] for name in ("database", "queue"))


def test_the_command_of_the_image_exists():
    last = [line for line in dockerfile().splitlines() if line.startswith("CMD ")][-1]
    assert_command_exists(re.findall(r'"([^"]+)"', last))


def test_the_image_copies_what_exists_and_ends_as_another_user_than_root():
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile(), re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source
    assert re.findall(r"^USER (\d+)", dockerfile(), re.MULTILINE)[-1] != "0"


def test_the_environment_is_made_from_what_the_image_has_copied_by_then(tmp_path):
    before = dockerfile().partition("RUN python tools/setup_environment.py")[0]
    for sources, target in re.findall(r"^COPY (?!--from)(.+) (\S+)$", before, re.MULTILINE):
        for source in sources.split():
            to = tmp_path / target / ("" if source.endswith("/") else Path(source).name)
            to.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if source.endswith("/") else shutil.copy
            copy(ROOT / source, to, **({"dirs_exist_ok": True} if source.endswith("/") else {}))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    program = "import front_end_assets, setup_environment; front_end_assets.wanted_stamp();"
    program += " setup_environment.compile_what_starts()"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "tools", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_services_set_variables_that_the_project_reads(compose):
    known = environment_names()
    for name, service in ours(compose).items():
        assert set(service["environment"]) <= known, name


def test_the_composition_asks_for_variables_of_the_example():
    text = (ROOT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert asked <= example_names()
    assert COMPOSE_ONLY <= asked


def test_the_example_names_variables_that_are_read():
    assert example_names() - COMPOSE_ONLY <= environment_names()


def test_the_volumes_are_declared(compose):
    used = {
        mount.partition(":")[0] for one in compose["services"].values() for mount in one.get("volumes", [])
    }
    assert used == set(compose["volumes"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("age_s", "threads", "status"), [(2, 2, 0), (3600, 2, 1), (2, 0, 1)], ids=["fine", "old", "of the web"]
)
def test_the_workers_health_is_its_row_and_the_age_of_its_heartbeat(
    redis_url, monkeypatch, age_s, threads, status
):
    import redis

    now = timezone.now()
    name = f"{socket.gethostname()}:1:x"
    Worker.objects.create(name=name, kind="dramatiq", threads=threads, started_at=now, seen_at=now)

    with redis.Redis.from_url(redis_url) as client:
        client.zadd(worker_health.HEARTBEATS, {"a worker": (time.time() - age_s) * 1000})
    monkeypatch.setenv("REDIS_URL", redis_url)
    assert worker_health.main() == status


@pytest.mark.django_db
def test_the_workers_health_is_bad_without_a_queue(monkeypatch):
    for name in ("REDIS_URL", "RABBITMQ_URL"):
        monkeypatch.delenv(name, raising=False)
    assert worker_health.main() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("age_s", "host", "status"), [(5, None, 0), (300, None, 1), (5, "other", 1)])
def test_without_redis_the_workers_of_this_machine_are_looked_up(monkeypatch, age_s, host, status):
    seen = timezone.now() - timezone.timedelta(seconds=age_s)
    name = f"{host or socket.gethostname()}:1:x"
    Worker.objects.create(name=name, kind="dramatiq", threads=2, started_at=seen, seen_at=seen)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://127.0.0.1")
    assert worker_health.main() == status


def test_a_heartbeat_is_what_dramatiq_leaves(redis_url):
    from dramatiq import Message
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=redis_url)
    broker.declare_queue("health")
    broker.enqueue(Message(queue_name="health", actor_name="none", args=(), kwargs={}, options={}))
    assert worker_health.newest_heartbeat_age_s(redis_url) < 5
    broker.close()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("names", "age_s", "host", "status"),
    [
        (["day", "night"], 5, None, 0),
        (["day", "night"], 300, None, 1),
        (["day", "night"], 5, "other", 1),
        (["day"], 5, None, 1),
    ],
)
def test_the_health_of_streams_is_that_each_was_heard_of_here(settings, names, age_s, host, status):
    options = {"URL": "broker:9092", "GROUP_ID": "us", "TOPICS": ["a"]}
    path = "tom_alertstreams.alertstreams.kafka.KafkaAlertStream"
    settings.ALERT_STREAMS = [
        {"NAME": path, "LABEL": "day", "OPTIONS": options},
        {"NAME": path, "LABEL": "night", "OPTIONS": options},
        {"NAME": path, "LABEL": "off", "ACTIVE": False, "OPTIONS": options},
    ]
    for name in names:
        row = StreamState.objects.create(stream=name, process=f"{host or socket.gethostname()}:1")
        heard = timezone.now() - timezone.timedelta(seconds=age_s)
        StreamState.objects.filter(pk=row.pk).update(heartbeat_at=heard)
    assert streams_health.main() == status


@pytest.mark.django_db
def test_without_a_stream_nothing_is_healthy(settings):
    settings.ALERT_STREAMS = []
    assert streams_health.main() == 1
