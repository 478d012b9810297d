"""The command that reads streams, in a process of its own, killed and told to end."""

import datetime as dt
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
from django.utils import timezone

from tom_alerts.tasks import act
from tom_alertstreams import heartbeats
from tom_alertstreams.alertstreams.alertstream import AlertStream
from tom_alertstreams.diagnosis import usable_alert_streams
from tom_alertstreams.heartbeats import Heartbeats
from tom_alertstreams.management.commands import readstreams
from tom_alertstreams.models import StreamState
from tom_alertstreams.selectors import streams
from tom_common import background
from tom_common.models import Job
from tom_project import streams_health

CLASS = "tom_alertstreams.alertstreams.kafka.KafkaAlertStream"


def test_without_streams_it_says_so(settings):
    settings.ALERT_STREAMS = []
    with pytest.raises(CommandError, match="no active stream"):
        call_command("readstreams")


def test_a_wrong_entry_is_told(settings):
    settings.ALERT_STREAMS = [{"NAME": CLASS, "OPTIONS": {"URL": "localhost:1"}}]
    with pytest.raises(CommandError, match="lacks the options GROUP_ID, TOPICS"):
        call_command("readstreams")


def test_what_filters_do_is_left_to_other_processes(settings, monkeypatch, db):
    """A webhook that does not answer would hold the alerts up."""
    settings.ALERT_STREAMS = []
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


class StreamOfOthers(AlertStream):
    """What the published interface asks for, and no more."""

    def listen(self):
        """Not called here."""


@pytest.mark.django_db
def test_a_stream_of_others_and_one_that_cannot_be_used_are_told_of(settings, capsys):
    settings.ALERT_STREAMS = [
        {"NAME": f"{__name__}.StreamOfOthers", "LABEL": "theirs"},
        {"NAME": "no.such.Stream", "LABEL": "gone"},
    ]
    assert streams_health.main() == 1
    (theirs,), (problem,) = usable_alert_streams(settings.ALERT_STREAMS)
    beats = Heartbeats(readstreams.Command._left_out(settings.ALERT_STREAMS, [theirs], [problem]))
    beats.tell([(theirs, True)])
    assert streams_health.main() == 0
    assert "gone was last heard of 0 s ago: settings.ALERT_STREAMS names no.such.Stream" in (
        capsys.readouterr().out
    )
    assert [one.word for one in streams()] == ["Reading", "Its settings cannot be used"]
    StreamState.objects.update(heartbeat_at=timezone.now() - dt.timedelta(minutes=5))
    assert streams_health.main() == 1  # the process itself is gone


@pytest.mark.django_db
def test_a_stream_that_ended_or_fails_is_told_of_while_the_process_lives(settings, monkeypatch):
    monkeypatch.setattr(heartbeats, "TELL_EVERY_S", 0.0)
    options = {"URL": "localhost:1", "GROUP_ID": "us", "TOPICS": "none"}
    settings.ALERT_STREAMS = [{"NAME": CLASS, "LABEL": "day", "OPTIONS": options}]
    ((day,), _) = usable_alert_streams(settings.ALERT_STREAMS)
    beats = Heartbeats({})
    beats.tell([(day, True)])
    assert not StreamState.objects.exists()  # its own reader tells of it
    beats.failed(day, RuntimeError("secret"))
    beats.tell([(day, True)])
    (facts,) = streams()
    assert (facts.word, facts.error.partition(" and")[0]) == ("Connecting", "It ended with RuntimeError")
    beats.tell([(day, False)])
    assert streams()[0].word == "Stopped"
    assert streams_health.main() == 0
    beats.begins(day)
    StreamState.objects.all().delete()
    beats.tell([(day, True)])
    assert not StreamState.objects.exists()


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
