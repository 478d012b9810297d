"""What all routes have in common: logins, statements per request, pages for people, wrong requests."""

import pytest
from django.test import Client

from tom_targets.models import Target, TargetList
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

BODY = {"name": "SN 2026abc", "type": "SIDEREAL", "ra": 10.5, "dec": -20.25}


def test_a_session_is_a_login_and_needs_its_csrf_token(people, db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["owner"])
    answer = client.post("/api/targets/", BODY, content_type="application/json")
    assert answer.status_code == 403
    assert not Target.objects.exists()
    client.get("/api/targets/", headers={"Accept": "text/html"})
    token = client.cookies["csrftoken"].value
    answer = client.post(
        "/api/targets/", BODY, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 201


def test_a_token_is_given_for_a_password(client, people):
    people["owner"].set_password("correct horse 7 battery")
    people["owner"].save()
    answer = client.post("/api/token-auth/", {"username": "owner", "password": "correct horse 7 battery"})
    assert answer.json() == {"token": people["owner"].auth_token.key}
    assert client.post("/api/token-auth/", {"username": "owner", "password": "x"}).status_code == 400


def test_a_locked_tom_answers_those_with_a_token_only(clients, targets, settings):
    settings.AUTH_STRATEGY = "LOCKED"
    assert clients["anonymous"].get("/api/targets/").status_code == 403
    assert clients["stranger"].get("/api/targets/").status_code == 200
    assert clients["stranger"].get(f"/api/lightcurves/{targets['PUBLIC'].pk}/").status_code == 200


@pytest.mark.parametrize("person", ["anonymous", "stranger", "member", "superuser"])
def test_a_page_of_a_hundred_targets_costs_few_statements(
    clients, group, people, person, django_assert_max_num_queries
):
    for target in SiderealTargetFactory.create_batch(100, permissions="OPEN"):
        target.save(extras={"a": 1, "b": 2})
        TargetNameFactory(target=target)
    made = TargetList.objects.create(name="all")
    made.targets.set(Target.objects.all())
    with django_assert_max_num_queries(7):
        answer = clients[person].get("/api/targets/?limit=100")
    assert len(answer.json()["results"]) == 100
    assert len(answer.json()["results"][0]["targetextra_set"]) == 2


def test_a_session_costs_two_statements_more_than_nothing(people, django_assert_max_num_queries):
    SiderealTargetFactory.create_batch(100, permissions="OPEN")
    client = Client()
    client.force_login(people["owner"])
    with django_assert_max_num_queries(8):
        assert client.get("/api/targets/").status_code == 200


def test_storing_a_target_costs_few_statements(clients, django_assert_max_num_queries):
    clients["owner"].post("/api/targets/", {**BODY, "name": "warm"})
    with django_assert_max_num_queries(11):
        assert clients["owner"].post("/api/targets/", BODY).status_code == 201


@pytest.mark.parametrize("person", ["anonymous", "stranger", "owner", "superuser"])
def test_browsers_get_pages(clients, targets, person):
    pk = targets["OPEN"].pk
    for url in ("/api/", "/api/targets/", f"/api/targets/{pk}/", "/api/reduceddatums/", "/api/dataproducts/"):
        answer = clients[person].get(url, headers={"Accept": "text/html"})
        assert answer.status_code == 200, url
        assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("person", ["anonymous", "owner"])
def test_routes_say_what_they_take(clients, targets, person):
    for url in (
        "/api/targets/",
        f"/api/targets/{targets['OPEN'].pk}/",
        "/api/reduceddatums/",
        "/api/dataproducts/",
    ):
        answer = clients[person].options(url)
        assert answer.status_code == 200, url
        assert "GET" in answer["Allow"]


def test_wrong_requests_are_told_so(clients, targets):
    owner = clients["owner"]
    assert owner.post("/api/targets/", "x", content_type="text/plain").status_code == 415
    assert owner.post("/api/dataproducts/", {"target": 1}, format="json").status_code == 415
    assert owner.get("/api/targets/", headers={"Accept": "application/xml"}).status_code == 406
    assert owner.post(f"/api/targets/{targets['OPEN'].pk}/", {}).status_code == 405
    assert owner.get("/api/targets/999999999999999999/").status_code == 404
    assert owner.get("/api/targets/9999999999999999999999/").status_code == 404
    assert owner.get("/api/observations/").status_code == 404


def test_forms_are_taken_where_json_is(clients):
    answer = clients["owner"].post("/api/targets/", BODY, format="multipart")
    assert answer.status_code == 201, answer.data
    answer = clients["owner"].post(
        "/api/targets/",
        "name=two&type=SIDEREAL&ra=1&dec=2&parallax=",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 201, answer.data
    assert answer.json()["parallax"] is None


def test_lists_of_targets_are_shown_and_deleted_by_those_who_may(clients, people):
    made = clients["owner"].post("/api/targets/", {**BODY, "target_lists": [{"name": "mine"}]}).json()
    url = f"/api/targetlist/{made['target_lists'][0]['id']}/"
    assert clients["owner"].get(url).json()["name"] == "mine"
    assert clients["stranger"].get(url).status_code == 404
    assert clients["anonymous"].delete(url).status_code == 401
    assert clients["stranger"].delete(url).status_code == 404
    assert clients["owner"].delete(url).status_code == 204
    assert Target.objects.count() == 1
