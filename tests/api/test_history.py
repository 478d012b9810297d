"""The REST API of the history: who sees what of it, undoing, and a target as it was."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from tom_common.history import change_set
from tom_common.history.models import Change, ChangeSet
from tom_common.models import Job
from tom_targets import follow, merge
from tom_targets.models import Target, TargetList, TargetName
from tom_targets.tests.factories import SiderealTargetFactory

from .test_matrix import LEVELS, PEOPLE, SEES


@pytest.fixture
def edited(people, targets):
    """Give the key of the change set of an edit of each target by the owner."""
    Change.objects.all().delete()
    ChangeSet.objects.all().delete()
    made = {}
    for level, target in targets.items():
        with change_set(people["owner"], title=f"edit of {level}", reason=f"because {level}") as changes:
            target.ra = 77.125
            target.save(extras={"redshift": 0.25}, names=[f"alias of {level}"])
        made[level] = changes.pk
    return made


@pytest.mark.parametrize("person", PEOPLE)
def test_change_sets_are_seen_with_what_they_touched(clients, edited, person):
    client = clients[person]
    answer = client.get("/api/changesets/")
    if person == "anonymous":
        assert answer.status_code == 401
        assert {client.get(f"/api/changesets/{pk}/").status_code for pk in edited.values()} == {401}
        return
    seen = {level for level in LEVELS if person in SEES[level]}
    content = answer.json()
    assert content["count"] == len(seen)
    assert {row["title"] for row in content["results"]} == {f"edit of {level}" for level in seen}
    for level, pk in edited.items():
        for path in ("", "changes/", "revert/"):
            found = client.get(f"/api/changesets/{pk}/{path}")
            assert found.status_code == (200 if level in seen else 404), (level, path)
        if level not in seen:
            assert client.post(f"/api/changesets/{pk}/revert/").status_code == 404


@pytest.mark.parametrize("person", PEOPLE)
def test_the_past_of_a_target_is_seen_with_it(clients, targets, edited, person):
    for level, target in targets.items():
        url = f"/api/targets/{target.pk}/"
        for path in ("history/", "as-of/?date=2026-01-01"):
            assert clients[person].get(url + path).status_code == (200 if person in SEES[level] else 404)


@pytest.mark.parametrize("person", PEOPLE)
def test_only_the_author_and_staff_who_may_change_the_target_undo(clients, targets, edited, person):
    answer = clients[person].post(f"/api/changesets/{edited['PUBLIC']}/revert/", {"reason": "wrong night"})
    ra = Target.objects.get(pk=targets["PUBLIC"].pk).ra
    if person in ("owner", "superuser"):
        assert answer.status_code == 200
        made = ChangeSet.objects.get(pk=answer.json()["change_set"])
        assert (made.reason, ra == 77.125) == ("wrong night", False)
        return
    assert answer.status_code == (401 if person == "anonymous" else 409)
    assert ra == 77.125
    if person != "anonymous":
        assert "may" in answer.json()["reasons"][0]["text"]


def test_a_long_one_is_undone_in_a_job(
    clients, edited, targets, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("tom_common.history.services.MAX_PREVIEWED", 0)
    address = f"/api/changesets/{edited['PUBLIC']}/revert/"
    refused = clients["staff"].post(address)
    assert refused.status_code == 409
    assert refused.json()["reasons"]
    assert not Job.objects.exists()

    with django_capture_on_commit_callbacks(execute=True):
        answer = clients["owner"].post(address, {"reason": "wrong night"})

    job = Job.objects.get()
    assert answer.status_code == 202
    assert answer.json()["job"] == job.pk
    assert job.get_absolute_url() in answer.json()["message"]
    assert ChangeSet.objects.get(pk=edited["PUBLIC"]).reverted_by.reason == "wrong night"
    assert Target.objects.get(pk=targets["PUBLIC"].pk).ra != 77.125


def test_old_and_new_values_and_words(clients, targets, edited):
    rows = clients["member"].get(f"/api/targets/{targets['PRIVATE'].pk}/history/").json()["results"]
    assert {row["what"] for row in rows} == {
        "Alias alias of PRIVATE added",
        "Target changed",
        "Extra field added",
    }
    changed = next(row for row in rows if row["what"] == "Target changed")
    assert changed["author"] == "owner"
    assert {"label": "Right ascension", "before": "15.0", "after": "77.125"} in [
        {**value, "before": "15.0"} for value in changed["values"]
    ]
    same = clients["member"].get(f"/api/changesets/{edited['PRIVATE']}/changes/").json()["results"]
    assert sorted(row["id"] for row in same) == sorted(row["id"] for row in rows)


def test_what_is_in_the_way_is_told(clients, people, targets, edited):
    with change_set(people["superuser"]) as later:
        Target.objects.filter(pk=targets["OPEN"].pk).update(ra=1.0)
    client, url = clients["owner"], f"/api/changesets/{edited['OPEN']}/revert/"
    plan = client.get(url).json()
    assert plan["possible"] is False
    answer = client.post(url)
    assert answer.status_code == 409
    assert [reason["change_set"] for reason in answer.json()["reasons"]] == [later.pk]
    assert "ra was changed later by superuser" in answer.json()["detail"]
    assert client.post(url, {"reason": ["no text"]}, format="json").status_code == 400


def test_filters_are_those_of_the_page(clients, targets, edited):
    def found(**asked):
        return {row["id"] for row in clients["owner"].get("/api/changesets/", asked).json()["results"]}

    assert found(target=targets["OPEN"].pk) == {edited["OPEN"]}
    assert found(author="OWN", kind="edit", state="applied") == set(edited.values())
    assert found(until="2001-01-01") == found(kind="merge") == set()
    for wrong in ({"kind": "x"}, {"since": "x"}, {"target": "-1"}, {"state": "gone"}, {"cursor": "x"}):
        assert clients["owner"].get("/api/changesets/", wrong).status_code == 400


def test_names_of_hidden_targets_are_not_told(clients, people, targets):
    with change_set(people["owner"], title="PRIVATE target and the open one", reason="a secret") as changes:
        Target.objects.filter(pk__in=[targets["PRIVATE"].pk, targets["OPEN"].pk]).update(epoch=2015.5)
    for path in (
        f"/api/changesets/{changes.pk}/",
        f"/api/changesets/{changes.pk}/changes/",
        "/api/changesets/",
    ):
        text = clients["stranger"].get(path).content.decode()
        assert "PRIVATE" not in text
        assert "secret" not in text
    found = clients["stranger"].get(f"/api/changesets/{changes.pk}/").json()
    assert (found["is_partial"], found["change_count"], found["title"]) == (True, None, "Edit")
    text = clients["stranger"].get(f"/api/targets/{targets['OPEN'].pk}/history/").content.decode()
    assert "secret" not in text
    found = clients["member"].get(f"/api/changesets/{changes.pk}/").json()
    assert (found["is_partial"], found["change_count"], found["reason"]) == (False, 2, "a secret")


def test_a_merge_is_told_whole_to_those_who_see_what_is_left(clients, people, targets):
    other = SiderealTargetFactory(name="other", permissions="OPEN")
    merge.merge_targets(targets["OPEN"], [other], user=people["owner"], reason="the same")
    found = clients["stranger"].get("/api/changesets/", {"kind": "merge"}).json()["results"]
    assert [(row["title"], row["reason"]) for row in found] == [("other merged into target OPEN", "the same")]


def test_a_list_that_one_may_not_see_is_not_named(clients, people, targets):
    with change_set(people["owner"]):
        TargetList.objects.create(name="secret plan").targets.add(targets["OPEN"])
    url = f"/api/targets/{targets['OPEN'].pk}/history/"
    assert "secret plan" not in clients["stranger"].get(url).content.decode()
    assert "secret plan" in clients["superuser"].get(url).content.decode()


def test_a_target_as_it_was(clients, targets):
    target = targets["OPEN"]
    before = timezone.now()
    with change_set():
        TargetName.objects.create(target=target, name="second")
    url = f"/api/targets/{target.pk}/as-of/"
    found = clients["anonymous"].get(url, {"date": before.isoformat()}).json()
    assert {"label": "Aliases", "then": None, "now": "second", "differs": True} in found["facts"]
    early = target.created - dt.timedelta(days=1)
    found = clients["anonymous"].get(url, {"date": f"{early:%Y-%m-%d}"}).json()
    assert (found["exists"], found["facts"]) == (False, [])
    for wrong in (
        "",
        "tomorrow",
        "2026-02-31",
        "\x00",
        "2026-13-01T00:00",
        "1" * 5000,
        "0001-01-01T00:00+14:00",
    ):
        assert clients["anonymous"].get(url, {"date": wrong}).status_code == 400


@pytest.mark.parametrize("count", [2, 40])
def test_queries_do_not_grow(clients, people, targets, count, django_assert_max_num_queries):
    for number in range(count):
        with change_set(people["owner"], reason="why"):
            TargetName.objects.create(target=targets["OPEN"], name=f"alias {number}")
    with django_assert_max_num_queries(9):
        clients["member"].get("/api/changesets/")
    with django_assert_max_num_queries(9):
        clients["member"].get(f"/api/targets/{targets['OPEN'].pk}/history/")


# --- favourites and status words


@pytest.mark.parametrize("person", PEOPLE)
def test_following_needs_a_login_and_to_see_the_target(clients, targets, person):
    for level, target in targets.items():
        url = f"/api/targets/{target.pk}/"
        expected = 401 if person == "anonymous" else 200 if person in SEES[level] else 404
        for path in ("favourite/", "status/"):
            assert clients[person].get(url + path).status_code == expected
        assert clients[person].put(f"{url}favourite/").status_code == expected
        assert clients[person].put(f"{url}status/", {"word": "x"}).status_code == (
            400 if expected == 200 else expected
        )
        assert clients[person].delete(f"{url}favourite/").status_code == (
            204 if expected == 200 else expected
        )


def test_a_favourite_is_in_nobodys_history(clients, targets):
    url = f"/api/targets/{targets['PUBLIC'].pk}/favourite/"
    assert clients["member"].put(url).json() == {"favourite": True}
    assert clients["member"].get(url).json() == {"favourite": True}
    assert clients["stranger"].get(url).json() == {"favourite": False}
    assert Change.objects.filter(model_label="tom_targets.targetfavourite").count() == 0
    assert clients["member"].delete(url).status_code == 204
    assert clients["member"].get(url).json() == {"favourite": False}


def test_a_word_is_in_the_history_of_the_team_alone(clients, group, targets):
    url = f"/api/targets/{targets['PUBLIC'].pk}/"
    answer = clients["member"].put(f"{url}status/", {"word": "watch", "team": group.pk})
    assert {"id": group.pk, "name": "supernovae", "word": "watch"} in answer.json()["teams"]
    clients["member"].put(f"{url}status/", {"word": "finished", "team": "supernovae"})
    rows = clients["member"].get(f"{url}history/").json()["results"]
    assert [(row["what"], row["values"]) for row in rows[:2]] == [
        ("Status for supernovae changed", [{"label": "Status", "before": "watch", "after": "finished"}]),
        ("Status for supernovae changed", [{"label": "Status", "before": None, "after": "watch"}]),
    ]
    for other in ("stranger", "owner", "staff"):
        text = clients[other].get(f"{url}history/").content.decode()
        assert "watch" not in text
        assert "supernovae" not in text
        assert "watch" not in clients[other].get("/api/changesets/").content.decode()
    found = clients["member"].get(f"{url}as-of/", {"date": timezone.now().isoformat()}).json()
    assert {
        "label": "Status for supernovae",
        "then": "finished",
        "now": "finished",
        "differs": False,
    } in found["facts"]


def test_words_are_those_of_the_settings_and_teams_ones_own(clients, people, targets):
    url = f"/api/targets/{targets['PUBLIC'].pk}/status/"
    Group.objects.create(name="others")
    wrong = [
        {"word": "nonsense"},
        {"word": None},
        {},
        {"word": "watch", "team": "others"},
        {"word": "watch", "team": 0},
    ]
    for body in wrong:
        assert clients["member"].put(url, body, format="json").status_code == 400
    people["member"].groups.add(Group.objects.create(name="second"))
    assert clients["member"].put(url, {"word": "watch"}, format="json").status_code == 400
    assert clients["member"].put(url, {"word": "watch", "team": "second"}, format="json").status_code == 200


def test_a_word_is_undone_by_who_said_it_though_the_target_is_not_his(clients, people, group, targets):
    rows = Target.objects.filter(pk=targets["PUBLIC"].pk)
    for word in ("watch", "finished"):
        follow.set_status(rows, group, word, user=people["member"])
    newest = ChangeSet.objects.filter(kind="status").order_by("-pk").first()
    assert (
        clients["superuser"].get(f"/api/changesets/{newest.pk}/").json()["title"]
        == "Status “finished” for supernovae"
    )
    assert clients["staff"].post(f"/api/changesets/{newest.pk}/revert/").status_code == 404
    assert clients["member"].post(f"/api/changesets/{newest.pk}/revert/").status_code == 200
    assert follow.words_for(people["member"], [rows[0].pk]) == {rows[0].pk: ["watch"]}


def test_words_go_along_with_a_merge_and_come_back(clients, people, group, targets):
    first, second = targets["OPEN"], targets["PUBLIC"]
    rows = Target.objects.filter(pk__in=[first.pk, second.pk])
    follow.set_status(rows, group, "watch", user=people["member"])
    follow.set_status(rows.filter(pk=first.pk), group, "", user=people["member"])
    merge.merge_targets(first, [second], user=people["owner"])
    assert follow.words_for(people["member"], [first.pk]) == {first.pk: ["watch"]}
    made = ChangeSet.objects.get(kind="merge")
    assert clients["owner"].post(f"/api/changesets/{made.pk}/revert/").status_code == 200
    assert follow.words_for(people["member"], [first.pk, second.pk]) == {second.pk: ["watch"]}
