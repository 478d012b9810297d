"""Data services by the REST API: ask, watch, retry and cancel, by the rules of the pages."""

import pytest
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from tests.api.conftest import client_of
from tests.data_services.test_own_queries import Cellar
from tom_client import RefusedError, TomClient
from tom_common import job_worker
from tom_common.grants import grant_access
from tom_common.models import Job, Notification
from tom_dataproducts.models import ServiceQuery

State = ServiceQuery.State
URL = "/api/servicequeries/"


@pytest.fixture
def clients(people):
    return {name: client_of(user) for name, user in people.items()}


def ask(client, target, **body):
    return client.post(
        URL, {"service": "Atlas", "target": getattr(target, "pk", target), **body}, format="json"
    )


def test_a_program_asks_and_fetches_what_came(atlas, clients, target, work):
    listed = clients["owner"].get(f"{URL}services/").json()
    assert [(found["name"], found["missing"]) for found in listed] == [("Atlas", "")]
    assert "min_date" in [field["name"] for field in listed[0]["parameters"]]
    answer = ask(clients["owner"], target, parameters={"min_date": 60316, "max_date": 60330})
    assert (answer.status_code, answer.json()["state"]) == (201, "submitted"), answer.content
    again = ask(clients["owner"], target, parameters={"min_date": 60316, "max_date": 60330})
    assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
    work()
    found = clients["owner"].get(f"{URL}{answer.json()['id']}/").json()
    assert (found["state"], found["error"], found["user"]) == ("done", "", "owner")
    product = clients["owner"].get(f"/api/dataproducts/{found['data_product']}/").json()
    assert product["data_product_type"] == "atlas_photometry"
    assert clients["owner"].get(f"{URL}?state=done&service=Atlas&target={target.pk}").json()["count"] == 1
    assert clients["owner"].get(f"{URL}?state=failed").json()["results"] == []


REFUSED = {
    "a parameter that is none": ({"parameters": {"radius": 3}}, "There is no such parameter; there are: "),
    "a wrong value": ({"parameters": {"min_date": "soon"}}, "min_date"),
    "a service that is none": ({"service": "Kepler"}, "Expected one of: Atlas."),
    "no target": ({"target": "SN 2026a"}, "Expected the key of a target."),
    "parameters that are none": ({"parameters": [1]}, "Expected an object."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_told(atlas, clients, target, name):
    body, text = REFUSED[name]
    answer = ask(clients["owner"], **{"target": target, **body})
    assert (answer.status_code, ServiceQuery.objects.count()) == (400, 0)
    assert text in answer.content.decode()


def test_retry_and_cancel(atlas, clients, target, work, the_query):
    pk = ask(clients["owner"], target).json()["id"]
    assert clients["owner"].post(f"{URL}{pk}/retry/").status_code == 409, "it is open"
    assert clients["owner"].post(f"{URL}{pk}/cancel/").json()["state"] == "cancelled"
    assert clients["owner"].post(f"{URL}{pk}/cancel/").status_code == 409
    work()
    assert atlas.tasks == {} or not atlas.tasks
    assert clients["owner"].post(f"{URL}{pk}/retry/").json()["state"] == "submitted", "at once"
    work()
    assert the_query().state == State.DONE


SEES = {"anonymous": 401, "stranger": 404, "member": 200, "owner": 200, "staff": 404, "superuser": 200}
ASKS = {"anonymous": 401, "stranger": 404, "member": 403, "owner": 201, "staff": 404, "superuser": 201}


@pytest.mark.parametrize("person", SEES)
def test_who_sees_and_changes_what(atlas, clients, people, group, target, person):
    grant_access(group, target, ["view_target"])
    pk = ask(clients["owner"], target).json()["id"]
    client, sees = clients[person], SEES[person]
    assert client.get(f"{URL}{pk}/").status_code == sees
    listed = client.get(URL)
    assert listed.status_code == (401 if sees == 401 else 200)
    assert sees == 401 or listed.json()["count"] == (1 if sees == 200 else 0)
    changes = {"owner": 200, "superuser": 200, "member": 403}.get(person, sees)
    assert client.post(f"{URL}{pk}/cancel/").status_code == changes
    assert (ServiceQuery.objects.get().state == State.CANCELLED) == (changes == 200)
    other = ask(client, target, parameters={"min_date": 60000, "max_date": 60010})
    assert other.status_code == (ASKS[person] if changes == 200 or ASKS[person] != 201 else 200)


def test_a_stranger_learns_nothing_of_a_private_query(atlas, client, people, target, work):
    """By page, section, job, log, news or API."""
    pk = ask(client_of(people["owner"]), target).json()["id"]
    work()
    job = Job.objects.filter(user=people["owner"]).latest("pk")
    assert Notification.objects.filter(user=people["owner"]).exists()
    assert not Notification.objects.exclude(user=people["owner"]).exists()
    stranger: User = people["stranger"]
    client.force_login(stranger)
    for path in (f"/dataproducts/queries/{pk}/", f"/dataproducts/queries/{pk}/status/", f"/jobs/{job.pk}/"):
        assert client.get(path).status_code == 404, path
    assert client.get(f"/jobs/{job.pk}/log/").status_code == 404
    section = client.get(f"/targets/{target.pk}/section/data-services/", headers={"HX-Request": "1"})
    assert section.status_code == 404
    for path in ("/dataproducts/queries/", "/jobs/", "/notifications/"):
        assert target.name not in client.get(path).content.decode(), path


def test_a_service_of_the_project_is_asked_alike(settings, clients, target, work, the_query, monkeypatch):
    settings.SINGLE_TARGET_DATA_SERVICES = {"C": {"class": f"{Cellar.__module__}.Cellar"}}
    monkeypatch.setattr(Cellar, "asked", [])
    answer = ask(clients["owner"], target, service="Cellar", parameters={"days": 7})
    assert answer.status_code == 201, answer.content
    work()
    assert (the_query().state, Cellar.asked) == (State.DONE, [("owner", 7)])


@pytest.fixture
def _no_worker(monkeypatch):
    """Let the server of a test start no worker of its own: the test plays it."""
    monkeypatch.setattr(job_worker, "_web_process_pid", job_worker._web_process_pid)
    monkeypatch.setattr(job_worker, "ensure_started", lambda: None)


@pytest.mark.usefixtures("_no_worker")
def test_the_client_asks_waits_retries_and_cancels(atlas, people, target, work, live_server):
    with TomClient(live_server.url, Token.objects.get_or_create(user=people["owner"])[0].key) as tom:
        assert [found["name"] for found in tom.survey_services()] == ["Atlas"]
        query = tom.ask_service("Atlas", target.pk, min_date=60316, max_date=60330)
        assert tom.wait_for_service(query["id"], timeout_s=0.0)["state"] == "submitted"
        assert tom.cancel_service(query["id"])["state"] == "cancelled"
        assert tom.retry_service(query["id"])["state"] == "submitted"
        work()
        assert tom.wait_for_service(query["id"])["state"] == "done"
        assert [found["id"] for found in tom.service_queries(target=target.pk)] == [query["id"]]
        with pytest.raises(RefusedError, match="there are: "):
            tom.ask_service("Atlas", target.pk, radius=3)
