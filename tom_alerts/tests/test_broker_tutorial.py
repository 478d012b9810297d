"""The tutorial on writing a broker, followed word for word: its code is taken out of its text."""

import json
import re
import sys
import textwrap

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.shared_data import shared_data_dir
from tests.standins.file_server import served
from tom_alerts.models import BrokerQuery
from tom_common import default_settings
from tom_dataservices import runs
from tom_dataservices.models import QueryResult
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

ALERTS = [
    {
        "timestamp": "2018-10-08T17:05:21Z",
        "id": number,
        "name": name,
        "ra": ra,
        "dec": -30.5,
        "mag": 17.5,
        "score": 0.9,
    }
    for number, (name, ra) in enumerate([("Tatooine", 187.3), ("Hoth", 12.25), ("Endor", 300.0)], start=1)
]


def written_by_the_tutorial(url):
    """Give the text of ``my_broker.py`` as somebody who follows the tutorial types it."""
    text = next((shared_data_dir() / "seeds").glob("003*")).read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    lines = [block for block in blocks if "..." not in block.splitlines()]
    address = re.search(r"broker_url = '[^']*'", text).group()
    code = []
    for block in lines:
        if "TOM_ALERT_CLASSES" not in block:
            code.append(textwrap.indent(block, "    ") if block.startswith("@classmethod") else block)
    first_class = next(index for index, block in enumerate(code) if block.startswith("class "))
    code.insert(first_class, address.replace(address.split("'")[1], url) + "\n")
    return "\n".join(code)


@pytest.fixture
def project(tmp_path, settings, monkeypatch):
    """Give a project whose broker is that of the tutorial, and the server of its alerts."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "alerts.json").write_text(json.dumps(ALERTS))
    with served(tmp_path / "served") as server:
        package = tmp_path / "mytom"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "my_broker.py").write_text(written_by_the_tutorial(f"{server.url}/alerts.json"))
        monkeypatch.syspath_prepend(str(tmp_path))
        settings.TOM_ALERT_CLASSES = ["tom_alerts.brokers.mars.MARSBroker", "mytom.my_broker.MyBroker"]
        yield server
        for name in ("mytom", "mytom.my_broker"):
            sys.modules.pop(name, None)


@pytest.fixture
def astronomer(db, at_once, client):
    user = User.objects.create_user("astronomer", password="pw")
    client.force_login(user)
    return user


def kept_query(client, name="Tatooine"):
    answer = client.post(
        reverse("alerts:create"),
        {"query_name": "My query", "broker": "MyBroker", "target_name": name},
        follow=True,
    )
    assert answer.redirect_chain == [("/alerts/query/list/", 302)]
    assert b"My query" in answer.content
    return BrokerQuery.objects.get()


def test_the_broker_is_listed(project, astronomer, client):
    page = client.get("/alerts/query/list/").content.decode()
    assert "MyBroker" in page
    assert reverse("alerts:create") + "?broker=MyBroker" in page


def test_its_form_asks_for_the_name(project, astronomer, client):
    page = client.get(reverse("alerts:create") + "?broker=MyBroker").content.decode()
    assert 'name="target_name"' in page
    assert 'name="query_name"' in page


def test_a_result_becomes_a_target(project, astronomer, client):
    query = kept_query(client)
    assert query.parameters["target_name"] == "Tatooine"
    page = client.get(reverse("alerts:run", args=[query.pk]))
    (alert,) = page.context["alerts"]
    assert (alert.name, alert.ra, alert.mag) == ("Tatooine", 187.3, 17.5)
    assert b"Hoth" not in page.content
    answer = client.post(
        reverse("alerts:create-target"),
        {"broker": "MyBroker", "query_id": query.pk, "alerts": [alert.id]},
    )
    target = Target.objects.get(name="Tatooine")
    assert answer.url == target.get_absolute_url()
    assert (target.ra, target.dec, target.type) == (187.3, -30.5, "SIDEREAL")
    mine = targets_for_user(astronomer, Target.objects.all(), "change_target")
    assert target in mine
    query.refresh_from_db()
    assert query.last_run is not None


def test_the_same_result_twice_makes_one_target(project, astronomer, client):
    query = kept_query(client)
    run = client.get(reverse("alerts:run", args=[query.pk])).context["run"]
    for _ in range(2):
        client.post(reverse("alerts:create-target"), {"run": run.pk, "broker": "MyBroker", "all": "1"})
    assert Target.objects.filter(name="Tatooine").count() == 1


def test_a_row_is_not_taken_for_the_alert_of_that_number(project, astronomer, client):
    query = kept_query(client)
    result = client.get(reverse("alerts:run", args=[query.pk])).context["rows"][0].result
    twin = QueryResult.objects.create(run=result.run, number=1, result_id=str(result.pk), raw=result.raw)
    assert list(runs.chosen(result.run, [result.row_id])) == [result]
    assert twin in runs.chosen(result.run, [str(result.pk)])


def test_the_view_link_shows_the_alert(project, astronomer, client):
    query = kept_query(client)
    result = client.get(reverse("alerts:run", args=[query.pk])).context["rows"][0].result
    assert client.get(reverse("dataservices:raw-result", args=[result.pk])).json() == ALERTS[0]


def test_an_answer_is_used_again_while_it_is_current(project, astronomer, client):
    query = kept_query(client)
    address = reverse("alerts:run", args=[query.pk])
    first = client.get(address).context["run"]
    assert client.get(address).context["run"] == first
    assert len(project.requests) == 1
    client.post(address)
    assert len(project.requests) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (500, "MyBroker answered 500"),
        (404, "MyBroker answered 404: not found there"),
        ("html", "MyBroker answered with something that cannot be read"),
        ((200, b'[{"id": 1}]', {}), "MyBroker failed: KeyError: &#x27;name&#x27;"),
    ],
)
def test_a_fault_is_a_sentence_on_the_page(project, astronomer, client, fault, words):
    query = kept_query(client)
    project.faults["GET", "/"] = fault
    page = client.get(reverse("alerts:run", args=[query.pk]))
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not page.context["rows"]
    project.faults.clear()  # nothing wrong is remembered
    assert len(client.get(reverse("alerts:run", args=[query.pk])).context["rows"]) == 1


def test_a_server_that_is_gone_is_a_sentence(project, astronomer, client):
    query = kept_query(client)
    project.server.shutdown()
    project.server.server_close()
    page = client.get(reverse("alerts:run", args=[query.pk]))
    assert "MyBroker cannot be reached" in page.content.decode()


def test_default_settings_are_enough_for_the_forms_of_brokers():
    given = vars(default_settings)
    assert given["CRISPY_TEMPLATE_PACK"] in given["CRISPY_ALLOWED_TEMPLATE_PACKS"]
    assert f"crispy_{given['CRISPY_TEMPLATE_PACK']}" in given["TOMTOOLKIT_INSTALLED_APPS"]
    assert given["LOGIN_REDIRECT_URL"] == reverse("home")
