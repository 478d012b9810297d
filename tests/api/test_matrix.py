"""Visibility times person times request: what the API answers, and that a refusal changes nothing."""

import pytest

from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_targets.models import Target, TargetExtra, TargetName
from tom_targets.tests.factories import TargetExtraFactory, TargetNameFactory

# The owner was given view, change and delete, the member's group view, nobody else anything.
SEES = {
    "OPEN": {"anonymous", "stranger", "member", "owner", "staff", "superuser"},
    "PUBLIC": {"stranger", "member", "owner", "staff", "superuser"},
    "PRIVATE": {"member", "owner", "superuser"},
}
CHANGES = {"owner", "superuser"}
PEOPLE = ("anonymous", "stranger", "member", "owner", "staff", "superuser")
LEVELS = tuple(SEES)


def expected(person, level, success):
    """Give the status of a change: 404 for the hidden, 401 for the unknown, 403 for those who only see."""
    if person not in SEES[level]:
        return 401 if person == "anonymous" else 404
    if person == "anonymous":
        return 401
    return success if person in CHANGES else 403


@pytest.mark.parametrize("person", PEOPLE)
def test_lists_hold_what_may_be_seen(clients, targets, person):
    for level, target in targets.items():
        PhotometryFactory(target=target)
        DataProductFactory(target=target)
        assert level in SEES
    visible = {targets[level].pk for level in LEVELS if person in SEES[level]}
    rows = clients[person].get("/api/targets/").json()
    assert ({row["id"] for row in rows["results"]}, rows["count"]) == (visible, len(visible))
    for route in ("reduceddatums", "dataproducts"):
        rows = clients[person].get(f"/api/{route}/").json()
        assert ({row["target"] for row in rows["results"]}, rows["count"]) == (visible, len(visible)), route


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("person", PEOPLE)
def test_single_rows_are_shown_to_those_who_see_the_target(clients, targets, person, level):
    target = targets[level]
    urls = [
        f"/api/targets/{target.pk}/",
        f"/api/targetname/{TargetNameFactory(target=target).pk}/",
        f"/api/targetextra/{TargetExtraFactory(target=target).pk}/",
        f"/api/reduceddatums/{PhotometryFactory(target=target).pk}/?data_type=photometry",
        f"/api/dataproducts/{DataProductFactory(target=target).pk}/",
        f"/api/lightcurves/{target.pk}/",
    ]
    for url in urls:
        answer = clients[person].get(url)
        assert answer.status_code == (200 if person in SEES[level] else 404), url
        if answer.status_code == 404:
            assert "matches the given query." in answer.json()["detail"]
    if person not in SEES[level]:
        assert clients[person].get(urls[0]).json() == {"detail": "No Target matches the given query."}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("person", PEOPLE)
def test_changes_need_more_than_seeing(clients, targets, person, level):
    target = targets[level]
    name, extra = TargetNameFactory(target=target), TargetExtraFactory(target=target)
    before = Target.objects.filter(pk=target.pk).values().get()
    url = f"/api/targets/{target.pk}/"
    full = {"name": target.name, "type": "SIDEREAL", "ra": 1.0, "dec": 2.0}
    requests = [
        ("patch", url, {"ra": 5.0}, 200),
        ("put", url, full, 200),
        ("patch", url, {"aliases": [{"name": f"alias by {person}"}]}, 200),
        ("patch", url, {"permissions": "OPEN"}, 200),
        ("delete", f"/api/targetname/{name.pk}/", None, 204),
        ("delete", f"/api/targetextra/{extra.pk}/", None, 204),
        ("delete", url, None, 204),
    ]
    for method, path, body, success in requests:
        if path == url and method == "delete" and person in CHANGES:
            assert Target.objects.get(pk=target.pk).ra == 1.0
        answer = getattr(clients[person], method)(path, body, format="json")
        assert answer.status_code == expected(person, level, success), (method, path, answer.content)
    if person not in CHANGES:
        assert Target.objects.filter(pk=target.pk).values().get() == before
        assert (TargetName.objects.count(), TargetExtra.objects.count()) == (1, 1)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("person", PEOPLE)
def test_data_need_more_than_seeing(clients, targets, person, level):
    body = {
        "target": targets[level].pk,
        "data_type": "photometry",
        "timestamp": "2026-08-14T04:00:00Z",
        "value": {"magnitude": 18.0, "filter": "r"},
    }
    answer = clients[person].post("/api/reduceddatums/", body)
    code = expected(person, level, 201)
    assert answer.status_code == (400 if code == 404 else code)
    assert PhotometryReducedDatum.objects.count() == (code == 201)


@pytest.mark.parametrize("person", PEOPLE)
def test_creating_needs_a_login(clients, person):
    answer = clients[person].post("/api/targets/", {"name": "new", "type": "SIDEREAL", "ra": 1.0, "dec": 2.0})
    assert answer.status_code == (401 if person == "anonymous" else 201)
    if person != "anonymous":
        url = f"/api/targets/{answer.json()['id']}/"
        assert clients[person].patch(url, {"ra": 3.0}).status_code == 200
        assert clients["stranger" if person != "stranger" else "staff"].get(url).status_code == 404


def test_a_wrong_token_is_refused_even_for_what_is_open(clients, targets):
    clients["stranger"].credentials(HTTP_AUTHORIZATION="Token wrong")
    assert clients["stranger"].get("/api/targets/").status_code == 401


def test_groups_are_ones_own(clients, group):
    assert clients["member"].get("/api/groups/").json()["results"][-1] == {"id": group.pk, "name": group.name}
    assert group.name not in clients["stranger"].get("/api/groups/").content.decode()
    assert clients["anonymous"].get("/api/groups/").status_code == 401
