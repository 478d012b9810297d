"""The command that reads streams, in a process of its own, killed and told to end."""

import os
import signal
import subprocess
import sys
import threading
import time
import types

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from tom_alerts.tasks import act
from tom_alertstreams.management.commands import readstreams
from tom_common import background
from tom_common.models import Job

CLASS = "tom_alertstreams.alertstreams.kafka.KafkaAlertStream"


def test_without_streams_it_says_so(settings):
    settings.ALERT_STREAMS = []
    with pytest.raises(CommandError, match="no active stream"):
        call_command("readstreams")


def test_a_wrong_entry_is_told(settings):
    settings.ALERT_STREAMS = [{"NAME": CLASS, "OPTIONS": {"URL": "localhost:1"}}]
    with pytest.raises(CommandError, match="lacks the options GROUP_ID, TOPICS"):
        call_command("readstreams")


def test_what_filters_do_is_left_to_other_processes(monkeypatch, db):
    """A webhook that does not answer would hold the alerts up."""
    monkeypatch.setattr(background, "_leaves_jobs", False)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stream = types.SimpleNamespace(stop=threading.Event(), listen=lambda: None, label="one")
    monkeypatch.setattr(readstreams, "usable_alert_streams", lambda entries: ([stream], []))
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: function())
    try:
        call_command("readstreams", verbosity=0)
        assert act.send().state == Job.State.QUEUED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.once
def test_it_ends_when_told_while_its_broker_is_away(tmp_path):
    (tmp_path / "settings_of_streams.py").write_text(
        "from tom_project.settings import *\n"
        f"ALERT_STREAMS = [{{'NAME': '{CLASS}', 'OPTIONS':"
        " {'URL': '127.0.0.1:1', 'GROUP_ID': 'us', 'TOPICS': 'none'}}]\n"
    )
    env = {
        **os.environ,
        "PYTHONPATH": f"{tmp_path}:{os.getcwd()}",
        "DJANGO_SETTINGS_MODULE": "settings_of_streams",
        "TOM_ENV_FILE": os.devnull,
        "TOM_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "",
    }
    command = [sys.executable, "manage.py"]
    subprocess.run([*command, "migrate", "-v0"], env=env, check=True)
    process = subprocess.Popen(
        [*command, "readstreams"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert any("reading KafkaAlertStream" in process.stdout.readline() for _ in range(10))
        time.sleep(3)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
