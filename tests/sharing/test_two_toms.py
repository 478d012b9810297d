"""Sharing with a second instance of this TOM: its own processes, its own SQLite, its own people."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tom_dataproducts.models import AstrometryReducedDatum, ReducedDatum, SpectroscopyReducedDatum
from tom_dataproducts.sharing import services
from tom_dataproducts.sharing.request import PARTS, ShareRequest
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_targets.tests.factories import NonSiderealTargetFactory

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = """
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from tom_common.grants import grant_access
from tom_targets.models import Target
tokens = {}
for name in ("sharer", "reader"):
    user = User.objects.create_user(name)
    user.groups.clear()
    tokens[name] = Token.objects.get_or_create(user=user)[0].key
User.objects.get(username="sharer").groups.add(*__import__("django").contrib.auth.models.Group.objects.all())
others = Target.objects.create(name="of others", type="SIDEREAL", ra=1, dec=1, permissions="PUBLIC")
import json
print("TOKENS" + json.dumps(tokens))
"""


def environment(folder):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TOM_ENV_FILE": os.devnull,
        "TOM_DATA_DIR": str(folder),
        "DEBUG": "true",
        "SECRET_KEY": "the second TOM of a test " + "y" * 40,
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """Give address and tokens of a running second TOM."""
    folder = tmp_path_factory.mktemp("second")
    options = {"cwd": ROOT, "env": environment(folder), "capture_output": True, "text": True, "timeout": 120}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, **options)
    made = subprocess.run([sys.executable, "manage.py", "shell", "-v0"], input=PEOPLE, check=True, **options)
    tokens = json.loads(made.stdout.partition("TOKENS")[2])
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "tom_project.wsgi"],
        cwd=ROOT,
        env=environment(folder),
        stdout=log,
        stderr=log,
    )
    try:
        until = time.monotonic() + 60
        while True:
            with closing(socket.socket()) as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", tokens
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture
def there(second, settings):
    """Let the settings name the second TOM; give a function that asks it."""
    url, tokens = second
    settings.DATA_SHARING = {
        name: {"DISPLAY_NAME": "the second TOM", "BASE_URL": url, "API_TOKEN": token}
        for name, token in tokens.items()
    }

    def ask(path, name="sharer"):
        headers = {"Authorization": f"Token {tokens[name]}"}
        answer = requests.get(f"{url}/api/{path}", headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    return ask


def share(target, people, *, to="sharer", dry_run=False, **options):
    request = ShareRequest(to, [target.pk], **{"parts": list(PARTS), **options})
    return services.share_once(request, user=people["owner"], dry_run=dry_run)


def test_all_arrives_and_the_second_time_changes_nothing(there, people, target, points):
    PhotometryFactory.create_batch(700, target=target)  # more than one request
    SpectroscopyReducedDatum.objects.create(target=target, flux=[1.0, 2.0], wavelength=[4000.0, 4001.0])
    AstrometryReducedDatum.objects.create(target=target, ra=10.5, dec=-20.25)
    ReducedDatum.objects.create(target=target, data_type="classification", value={"class": "SN Ia"})
    DataProductFactory(target=target)
    dry = share(target, people, dry_run=True, list_names=["from afar"])
    assert there("targets/?name=AT 2026abc") == []
    done = share(target, people, list_names=["from afar"])
    assert (done.summary(), done.refused) == (dry.summary().replace("would be ", ""), 0)
    (row,) = there("targets/?name=AT 2026abc")
    assert [alias["name"] for alias in row["aliases"]] == ["ZTF26aaaaaaa"]
    assert [extra["value"] for extra in row["targetextra_set"]] == ["0.1"]
    assert [found["name"] for found in row["target_lists"]] == ["from afar"]
    assert (row["shared_by"], row["permissions"]) == ("owner", "PRIVATE")
    data = there(f"reduceddatums/?target__id={row['id']}&limit=1000")
    assert len(data) == 707
    limits = [datum["value"]["limit"] for datum in data if "limit" in datum["value"]]
    assert limits == [20.5]
    assert len(there("dataproducts/")) == 1
    again = share(target, people, list_names=["from afar"])
    assert (again.changes, again.refused, again.stopped) == (0, 0, "")
    assert there("targets/?name=AT 2026abc")[0]["modified"] == row["modified"]


def test_the_dry_run_foretells_what_is_refused(there, people, target, points):
    target.name, target.ra, target.dec = "of others", 1.0, 1.0
    target.save()
    for dry_run in (True, False):
        report = share(target, people, to="reader", dry_run=dry_run)
        texts = [item.text for item in report.items if item.outcome == "refused"]
        assert any("answered 403: this account is not permitted to do that there" in text for text in texts)
        assert any("You may see this target, but not add data to it." in text for text in texts)
        assert report.changes == 0
    assert there("reduceddatums/?target_name=of others") == []


def test_who_may_not_add_targets_there_is_told_so_by_the_dry_run(there, people, target):
    target.name = "AT 2026new"
    target.save()
    target.aliases.all().delete()
    target.ra = 200.0
    target.save()
    report = share(target, people, to="reader", dry_run=True)
    (text,) = [item.text for item in report.items if item.outcome == "refused"]
    assert "answered 403: this account is not permitted to do that there: You may not add targets." in text


def test_a_moving_target_arrives(there, people):
    from tom_common.grants import grant_access

    target = NonSiderealTargetFactory(name="C/2026 X1", permissions="PUBLIC")
    grant_access(people["owner"], target)
    assert share(target, people).refused == 0
    (row,) = there("targets/?name=C/2026 X1")
    assert (row["type"], row["scheme"]) == ("NON_SIDEREAL", target.scheme)
    assert share(target, people).changes == 0
