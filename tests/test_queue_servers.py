"""Real workers with a real queue: its server is stopped and started, workers are stopped and killed."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.standins.serving import free_port

pytestmark = [pytest.mark.slow, pytest.mark.once]

ROOT = Path(__file__).resolve().parent.parent
PROBE = """
import time
from tom_common.background import background_task, current_job

@background_task()
def quick(number):
    return number

@background_task()
def append(path, number):
    with open(path, "a") as log:
        log.write(f"{number} ")
    time.sleep(0.1)

@background_task(queue="bulk")
def long(path, seconds):
    with open(path, "a") as log:
        log.write("begun ")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        current_job().check_cancelled()
        time.sleep(0.05)
"""


def wait_for(claim, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if claim():
            return
        time.sleep(0.2)
    pytest.fail(f"{what} did not happen within {seconds} s")


class Redis:
    """A Redis server of our own, which keeps nothing when it stops."""

    def __init__(self, folder):
        if shutil.which("redis-server") is None:
            pytest.skip("redis-server is not here: apt install redis-server")
        self.folder, self.port = folder, free_port()
        self.variables = {"REDIS_URL": f"redis://127.0.0.1:{self.port}/0"}
        self.start()

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(self._answers, 20, "the start of Redis")

    def _answers(self):
        with socket.socket() as door:
            return door.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.kill()
        self.process.wait(10)


class RabbitMQ:
    """The RabbitMQ server of this machine; it is not ours to stop."""

    def __init__(self, folder):
        url = os.environ.get("TEST_RABBITMQ_URL") or "amqp://guest:guest@127.0.0.1:5672/"
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", 5672)) != 0:
                pytest.skip("RabbitMQ is not here: apt install rabbitmq-server")
        self.variables = {"RABBITMQ_URL": url}

    def stop(self):
        """Leave it alone."""


SERVERS = [Redis, RabbitMQ]


class NoQueue:
    """Jobs are run by the threads of web processes: there is no queue beside the database."""

    variables = {"TOM_BACKGROUND": "thread"}

    def __init__(self, folder):
        """Start nothing."""

    def stop(self):
        """There is nothing to stop."""


class Tom:
    """A TOM on SQLite whose jobs go to a queue."""

    def __init__(self, folder, server):
        self.folder = folder
        (folder / "probe_app").mkdir()
        (folder / "probe_app" / "__init__.py").touch()
        (folder / "probe_app" / "tasks.py").write_text(PROBE)
        paths = [str(folder), os.environ.get("PYTHONPATH", "")]
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "TOM_ENV_FILE": os.devnull,
            "TOM_DATA_DIR": str(folder),
            "TOM_PLUGINS": "probe_app",
            "TOM_STOP_GRACE_S": "1",
            **server.variables,
        }
        self.manage("migrate", "--verbosity", "0")
        self.worker = None

    def manage(self, *arguments):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, code):
        lines = self.manage("shell", "--no-imports", "-c", f"import json\n{code}").splitlines()
        return json.loads(lines[-1])

    def send(self, call):
        return self.ask(f"from probe_app.tasks import *\nprint(json.dumps({call}.pk))")

    def row(self, pk):
        with closing(sqlite3.connect(self.folder / "tom.sqlite3", timeout=20)) as database:
            return database.execute(
                "SELECT state, attempts FROM tom_common_job WHERE id = ?", (pk,)
            ).fetchone()

    def pid_of(self, pk):
        """Give the number of the process that runs a job."""
        with closing(sqlite3.connect(self.folder / "tom.sqlite3", timeout=20)) as database:
            found = database.execute("SELECT worker FROM tom_common_job WHERE id = ?", (pk,)).fetchone()
        return int(found[0].split(":")[1])

    def wait_two_minutes(self):
        """Make every job older, instead."""
        with closing(sqlite3.connect(self.folder / "tom.sqlite3", timeout=20)) as database, database:
            database.execute("UPDATE tom_common_job SET run_after = datetime(run_after, '-2 minutes')")

    def state(self, pk):
        return self.row(pk)[0]

    def start_worker(self):
        self.log = (self.folder / "worker.log").open("a")
        self.worker = subprocess.Popen(
            [sys.executable, "manage.py", "rundramatiq", "--processes", "1", "--threads", "2"],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def end_worker(self, number=signal.SIGTERM):
        if self.worker is None:
            return
        if number == signal.SIGKILL:
            os.killpg(self.worker.pid, number)
        else:
            self.worker.send_signal(number)
        self.worker.wait(120)
        self.worker = None
        self.log.close()


THREADS = 2
"""Threads of a web process that run interactive jobs."""


class WebServer:
    """One web process of gunicorn; it has answered a request, unless it is not to be asked."""

    def __init__(self, tom, *, asked=True):
        self.port = free_port()
        self.log = (tom.folder / f"web-{self.port}.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "python:tom_project.gunicorn_conf"]
            + ["--bind", f"127.0.0.1:{self.port}", "tom_project.wsgi:application"],
            cwd=ROOT,
            env={**tom.environment, "WEB_CONCURRENCY": "1", "TOM_INTERACTIVE_THREADS": str(THREADS)},
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        if asked:
            wait_for(self.answers, 120, "the first answer of the web server")

    def answers(self):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/about/", timeout=30).close()
        except OSError:
            return False
        return True

    def has(self, pid):
        """Tell whether a process is one of this server."""
        return os.getpgid(pid) == self.process.pid

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        self.log.close()


@pytest.fixture(params=SERVERS, ids=lambda kind: kind.__name__)
def server(request, tmp_path):
    made = request.param(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def tom(tmp_path, server):
    made = Tom(tmp_path, server)
    yield made
    made.end_worker(signal.SIGKILL)


def test_workers_that_are_stopped_and_killed_lose_nothing(tom, tmp_path):
    log = tmp_path / "begun.log"
    tom.start_worker()
    long = tom.send(f"long.send({str(log)!r}, 12)")
    wait_for(lambda: log.exists(), 120, "the begin of the long job")
    quick = tom.send("quick.send(7)")
    wait_for(lambda: tom.state(quick) == "done", 60, "a quick job beside a long one")

    tom.end_worker()
    assert tom.row(long) == ("queued", 0)

    tom.start_worker()
    wait_for(lambda: log.read_text() == "begun begun ", 120, "the second begin of the long job")
    tom.end_worker(signal.SIGKILL)
    assert tom.state(long) == "running"

    tom.start_worker()
    wait_for(lambda: tom.state(long) == "done", 240, "the end of the long job")
    assert log.read_text() == "begun begun begun "


@pytest.mark.parametrize("server", [Redis], indirect=True)
def test_a_queue_that_is_stopped_and_started_empty_loses_nothing(tom, server):
    before = tom.send("quick.send(1)")
    server.stop()
    while_away = tom.send("quick.send(2)")
    server.start()
    tom.wait_two_minutes()

    tom.start_worker()

    for pk in (before, while_away):
        wait_for(lambda pk=pk: tom.row(pk) == ("done", 1), 240, f"job {pk}")


@pytest.mark.parametrize("server", [Redis], indirect=True)
def test_a_queue_that_stops_in_the_middle_of_a_job_does_it_once(tom, server, tmp_path):
    log, others = tmp_path / "begun.log", tmp_path / "others.log"
    tom.start_worker()
    long = tom.send(f"long.send({str(log)!r}, 20)")
    wait_for(lambda: log.exists(), 120, "the begin of the long job")

    server.stop()
    while_away = [tom.send(f"append.send({str(others)!r}, {number})") for number in range(2)]
    server.start()
    tom.wait_two_minutes()  # for those that wait; the caretaker sends them again

    for pk in (long, *while_away):
        wait_for(lambda pk=pk: tom.row(pk) == ("done", 1), 240, f"job {pk}")
    assert log.read_text() == "begun "
    assert sorted(others.read_text().split()) == ["0", "1"]


@pytest.mark.parametrize("server", [NoQueue], indirect=True)
def test_a_web_process_that_is_killed_leaves_its_jobs_to_others(tom, tmp_path):
    log, others = tmp_path / "begun.log", tmp_path / "others.log"
    servers = [WebServer(tom) for _ in range(2)]
    try:
        long = tom.send(f"long.send({str(log)!r}, 25)")
        wait_for(lambda: log.exists(), 60, "the begin of the long job")
        send = f"[append.send({str(others)!r}, number).pk for number in range(20)]"
        short = tom.ask(f"from probe_app.tasks import *\nprint(json.dumps({send}))")
        victim = next(one for one in servers if one.has(tom.pid_of(long)))

        victim.kill()

        wait_for(lambda: tom.row(long) == ("done", 2), 240, "the end of the long job")
        wait_for(lambda: all(tom.state(pk) == "done" for pk in short), 120, "the end of the short jobs")
        assert log.read_text() == "begun begun "
        numbers = others.read_text().split()
        again = [pk for pk in short if tom.row(pk)[1] == 2]  # those that ran in the moment of the kill
        assert set(numbers) == {str(number) for number in range(20)}
        assert len(numbers) - 20 <= len(again) <= THREADS
    finally:
        for one in servers:
            if one.process.poll() is None:
                one.kill()


@pytest.mark.parametrize("server", [NoQueue], indirect=True)
def test_schedulers_that_look_at_the_same_moment_queue_each_work_once(tom):
    count = tom.ask(
        "from tom_common.scheduler import periodic_tasks\nprint(json.dumps(len(periodic_tasks())))"
    )
    tom.manage("run_scheduler", "--once")  # makes the rows
    with closing(sqlite3.connect(tom.folder / "tom.sqlite3", timeout=20)) as database, database:
        database.execute("UPDATE tom_common_periodictask SET next_run_at = '2026-01-01 00:00:00'")

    looking = [
        subprocess.Popen(
            [sys.executable, "manage.py", "run_scheduler", "--once"],
            cwd=ROOT,
            env=tom.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = [one.communicate(timeout=120) for one in looking]

    assert [one.returncode for one in looking] == [0] * 4, said
    with closing(sqlite3.connect(tom.folder / "tom.sqlite3", timeout=20)) as database:
        queued = database.execute("SELECT COUNT(*) FROM tom_common_job").fetchone()[0]
    told = sum(int(out.split(" queued")[0].rpartition("\n")[2]) for out, _ in said)
    assert (queued, told) == (count, count)


@pytest.mark.parametrize("server", [NoQueue], indirect=True)
def test_jobs_that_waited_for_a_restart_run_before_anybody_asks_for_a_page(tom):
    waiting = tom.send("quick.send(7)")
    assert tom.state(waiting) == "queued"

    web = WebServer(tom, asked=False)
    try:
        wait_for(lambda: tom.state(waiting) == "done", 120, "the job that waited")
    finally:
        web.kill()
