"""The command that reads streams, in a process of its own, killed and told to end."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError, call_command

CLASS = "tom_alertstreams.alertstreams.kafka.KafkaAlertStream"


def test_without_streams_it_says_so(settings):
    settings.ALERT_STREAMS = []
    with pytest.raises(CommandError, match="no active stream"):
        call_command("readstreams")


def test_a_wrong_entry_is_told(settings):
    settings.ALERT_STREAMS = [{"NAME": CLASS, "OPTIONS": {"URL": "localhost:1"}}]
    with pytest.raises(CommandError, match="lacks the options GROUP_ID, TOPICS"):
        call_command("readstreams")


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
