"""``make run`` starts, starts again without touching anything, and says in one line what is wrong."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.conf import global_settings
from django.contrib.auth.hashers import check_password

from tests.standins.serving import free_port
from tom_alerts.demo import DEMO_ACCOUNTS

pytestmark = [pytest.mark.slow, pytest.mark.once]

ROOT = Path(__file__).resolve().parent.parent
SECOND_START_S = 5.0  # on a machine with nothing else to do; the tests run beside others
BUSY = 3


def environment(folder, **variables):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TOM_ENV_FILE": os.devnull,
        "TOM_DATA_DIR": str(folder),
        "PYTHONUNBUFFERED": "1",
        **variables,
    }


def refused(folder, *, port=None, **variables) -> str:
    """Run the command, which has to give up at once with status 1 and one line; give that line."""
    command = [sys.executable, "tools/run.py", "--port", str(port or free_port())]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def wait_until_it_listens(process, port, log) -> None:
    while True:
        assert process.poll() is None, log.read_text()
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)


@contextmanager
def running(folder, port):
    """Start the command and give the seconds until its first page and what it printed until then."""
    begun = time.monotonic()
    log = folder / "run.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "tools/run.py", "--port", str(port)],
            cwd=ROOT,
            env=environment(folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        (folder / "run.pid").write_text(str(process.pid))
        try:
            wait_until_it_listens(process, port, log)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=300) as page:
                assert page.status == 200
            yield time.monotonic() - begun, log.read_text()
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the arbiter and its worker
            process.wait(timeout=20)
        assert process.returncode == 0, log.read_text()
        assert "Traceback" not in log.read_text()
        assert "SIGKILL" not in log.read_text()


def server_workers(folder) -> list[int]:
    arbiter = (folder / "run.pid").read_text()
    return [int(child) for child in Path(f"/proc/{arbiter}/task/{arbiter}/children").read_text().split()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Give a data folder as the first start leaves it, and what that start printed."""
    folder = tmp_path_factory.mktemp("made")
    with running(folder, free_port()) as (_, printed):
        pass
    return folder, printed


@pytest.fixture
def data(made, tmp_path):
    """Give a copy of that folder."""
    folder = tmp_path / "data"
    shutil.copytree(made[0], folder)
    return folder


@contextmanager
def database(folder):
    with closing(sqlite3.connect(folder / "tom.sqlite3")) as connection, connection:
        yield connection


def test_the_first_start_makes_a_database_and_prints_the_address(made):
    folder, printed = made
    assert "Making the database" in printed
    assert "http://localhost:" in printed
    assert (folder / "tom.sqlite3").is_file()


def test_the_demos_accounts_are_printed_with_passwords_that_work(made, settings):
    folder, printed = made
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    with database(folder) as connection:
        stored = dict(connection.execute("SELECT username, password FROM auth_user"))
    for account in DEMO_ACCOUNTS:
        assert re.search(rf"{account.username} +{account.password} ", printed)
        assert check_password(account.password, stored[account.username])


def test_the_second_start_is_quick_and_leaves_the_data_alone(data):
    with database(data) as connection:
        connection.execute("UPDATE django_site SET name = 'kept'")
        before = connection.execute("SELECT count(*) FROM django_migrations").fetchone()
    with running(data, free_port()) as (seconds, printed):
        assert seconds < SECOND_START_S * BUSY
        assert "Making" not in printed
        assert "Gathering" not in printed
        assert "Simulating" not in printed
    with database(data) as connection:
        assert connection.execute("SELECT name FROM django_site").fetchone() == ("kept",)
        assert connection.execute("SELECT count(*) FROM django_migrations").fetchone() == before


def test_a_taken_port_is_named_with_another_one(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        assert f"port {port} is taken by another program: make run PORT={port + 1}" in refused(
            tmp_path, port=port
        )


def test_an_impossible_port_is_refused(tmp_path):
    assert "there is no port 70000" in refused(tmp_path, port=70000)


@pytest.mark.parametrize("port", ["abc", "0", "-1"])
def test_what_is_no_port_is_refused(tmp_path, port):
    assert f"there is no port {port}: choose one" in refused(tmp_path, port=port)


def test_a_worker_leaves_ctrl_c_to_its_arbiter(data):
    port = free_port()
    with running(data, port) as (_, printed):
        assert "Ctrl-C stops it" in printed
        [worker] = server_workers(data)
        os.kill(worker, signal.SIGINT)
        time.sleep(0.5)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as page:
            assert page.status == 200
        assert server_workers(data) == [worker]


def test_a_missing_folder_of_the_database_is_named(tmp_path):
    line = refused(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/no/tom.sqlite3")
    assert f"there is no folder {tmp_path}/no" in line


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    line = refused(tmp_path, TOM_DATA_DIR=str(tmp_path / "file" / "data"))
    assert "file/data cannot be written (Not a directory): set TOM_DATA_DIR" in line


def test_a_database_of_newer_code_is_refused(data):
    with database(data) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('tom_targets', '9000_x', '2030-1-1')"
        )
    assert "was made by a newer version of the TOM (tom_targets.9000_x is unknown here)" in refused(data)


def test_a_database_of_something_else_is_refused(tmp_path):
    with database(tmp_path) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    assert "holds tables of something else (invoices, ...)" in refused(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "tom.sqlite3").write_bytes(b"a photograph of a cat" * 1000)
    assert "cannot be used: file is not a database" in refused(tmp_path)


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path):
    line = refused(tmp_path, DATABASE_URL=f"postgres://me:geheim@127.0.0.1:{free_port()}/tom")
    assert re.search(r"the database postgresql://127.0.0.1:\d+/tom cannot be used", line)
    assert "createdb tom" in line
    assert "geheim" not in line


def test_a_setting_that_cannot_be_used_is_named(tmp_path):
    assert "DATABASE_URL has scheme 'oracle'" in refused(tmp_path, DATABASE_URL="oracle://x/y")


def test_an_older_database_is_copied_and_brought_up_to_date(data):
    with database(data) as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'tom_calendar'")
        for (table,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'tom_calendar%'"
        ).fetchall():
            connection.execute(f"DROP TABLE {table}")
    with running(data, free_port()) as (_, printed):
        assert "The database was made by an older version: applying" in printed
    [copy] = data.glob("tom-before-*.sqlite3")
    with closing(sqlite3.connect(copy)) as connection:
        query = "SELECT count(*) FROM django_migrations WHERE app = 'tom_calendar'"
        assert connection.execute(query).fetchone() == (0,)
