"""Pages of changes: what each sees, what is said, and undoing by a click."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tom_common.bulk import insert_new
from tom_common.grants import grant_access
from tom_common.history import change_set, unrecorded
from tom_common.history.models import Change, ChangeSet
from tom_common.models import Job
from tom_dataproducts.models import PhotometryReducedDatum
from tom_targets import history_page, services
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList, TargetName

pytestmark = pytest.mark.django_db


@pytest.fixture
def edited(cast, targets):
    """Give the change set of an edit by the owner of each target."""
    Change.objects.all().delete()
    ChangeSet.objects.all().delete()
    made = {}
    for level, target in targets.items():
        with change_set(cast.owner, kind="edit", reason=f"because {level}") as changes:
            target.ra = 77.125
            target.save(extras={"redshift": 0.25}, names=[f"alias of {level}"])
        made[level] = ChangeSet.objects.get(pk=changes.pk)
    return made


SEEN = {
    "anonymous": (),
    "stranger": ("OPEN", "PUBLIC"),
    "member": ("OPEN", "PUBLIC", "PRIVATE"),
    "viewer": ("OPEN", "PUBLIC", "PRIVATE"),
    "owner": ("OPEN", "PUBLIC", "PRIVATE"),
    "staff": ("OPEN", "PUBLIC"),
    "superuser": ("OPEN", "PUBLIC", "PRIVATE"),
}


@pytest.mark.parametrize("role", SEEN)
def test_one_sees_changes_of_what_one_may_see(cast, client_of, edited, role):
    client = client_of(getattr(cast, role))
    answer = client.get("/changes/")
    if role == "anonymous":
        assert answer.status_code == 302
        return
    assert answer.status_code == 200
    for level, made in edited.items():
        seen = level in SEEN[role]
        assert (f"because {level}" in answer.content.decode()) is seen
        assert client.get(made.get_absolute_url()).status_code == (200 if seen else 404)
        assert client.get(f"{made.get_absolute_url()}revert/").status_code == (200 if seen else 404)


@pytest.mark.parametrize("role", SEEN)
def test_history_of_a_target_is_seen_with_the_target(cast, client_of, targets, edited, role):
    client = client_of(getattr(cast, role))
    for level, target in targets.items():
        seen = level in SEEN[role] or level == "OPEN"
        expected = {200} if seen else {302, 404}
        for page in ("history/", "as-of/", "as-of/?date=2026-01-01"):
            assert client.get(f"/targets/{target.pk}/{page}").status_code in expected


def test_the_history_says_old_and_new_values(cast, client_of, targets, edited):
    target = targets["PRIVATE"]
    url = f"/targets/{target.pk}/section/history/"
    text = client_of(cast.viewer).get(url, headers={"HX-Request": "true"}).content.decode()
    for words in ("owner", "because PRIVATE", "77.125", "redshift", "0.25", "Alias alias of PRIVATE added"):
        assert words in text
    assert "77.125" in client_of(cast.viewer).get(f"/targets/{target.pk}/history/").content.decode()


@pytest.mark.parametrize("count", [1, 14])
def test_the_section_costs_the_same_for_many_changes(
    cast, client_of, targets, count, django_assert_max_num_queries
):
    target = targets["OPEN"]
    for number in range(count):
        TargetName.objects.create(target=target, name=f"alias {number}")
    client = client_of(cast.viewer)
    url = f"/targets/{target.pk}/section/history/"
    with django_assert_max_num_queries(8):
        client.get(url, headers={"HX-Request": "true"})


def test_the_list_of_changes_costs_the_same_for_many(cast, client_of, edited, django_assert_max_num_queries):
    for number in range(60):
        with change_set(cast.owner, title=f"no. {number}"):
            TargetExtra.objects.create(target=Target.objects.first(), key=f"k{number}", value=1)
    client = client_of(cast.viewer)
    with django_assert_max_num_queries(12):
        page = client.get("/changes/").content.decode()
    assert "no. 59" in page
    assert "no. 5<" not in page


def test_undoing_by_a_click_and_undoing_that(cast, client_of, targets, edited):
    target, made = targets["PRIVATE"], edited["PRIVATE"]
    client = client_of(cast.owner)
    url = f"{made.get_absolute_url()}revert/"
    page = client.get(url).content.decode()
    assert "1 target is set back" in page
    assert "1 alias is removed" in page
    answer = client.post(url, {"reason": "wrong night"}, follow=True)
    assert "Undone" in answer.content.decode()
    assert "wrong night" in answer.content.decode()
    target.refresh_from_db()
    assert target.ra != 77.125
    assert not target.aliases.exists()
    again = ChangeSet.objects.get(pk=made.pk).reverted_by
    client.post(f"{again.get_absolute_url()}revert/")
    target.refresh_from_db()
    assert (target.ra, target.aliases.count()) == (77.125, 1)


@pytest.mark.parametrize("role", ["stranger", "member", "viewer", "staff"])
def test_others_cannot_undo(cast, client_of, targets, edited, role):
    made = edited["PUBLIC"]
    client = client_of(getattr(cast, role))
    assert "may" in client.get(made.get_absolute_url()).content.decode()
    answer = client.post(f"{made.get_absolute_url()}revert/", follow=True)
    assert "Nothing was undone" in answer.content.decode()
    assert Target.objects.get(pk=targets["PUBLIC"].pk).ra == 77.125


def test_a_conflict_is_told_with_a_link(cast, client_of, targets, edited):
    with change_set(cast.owner) as later:
        Target.objects.filter(pk=targets["OPEN"].pk).update(ra=1.0)
    page = client_of(cast.owner).get(f"{edited['OPEN'].get_absolute_url()}revert/").content.decode()
    assert "cannot be undone" in page
    assert f"/changes/{later.pk}/" in page
    assert "Undo it" not in page


def test_large_change_sets_are_undone_in_a_job(
    cast, client_of, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("tom_common.history.services.MAX_PREVIEWED", 5)
    monkeypatch.setattr("tom_common.history.revert.MAX_PREVIEWED", 5)
    with change_set(cast.superuser, kind="import", title="Import") as changes:
        insert_new(BaseTarget, {"name": [f"t{n}" for n in range(8)], "type": ["SIDEREAL"] * 8})
    client = client_of(cast.superuser)
    assert "in a job" in client.get(f"/changes/{changes.pk}/revert/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/changes/{changes.pk}/revert/")
    job = Job.objects.get()
    assert answer.url == job.get_absolute_url()
    assert (job.title, job.queue) == ("Undo Import", "bulk")
    made = ChangeSet.objects.get(pk=changes.pk)
    assert made.is_reverted
    assert made.reverted_by.author == cast.superuser
    assert not Target.objects.filter(name="t1").exists()


def test_filters(cast, client_of, targets, edited):
    client = client_of(cast.superuser)
    with change_set(cast.staff, kind="bulk", title="by the staff"):
        Target.objects.update(permissions="OPEN")

    def shown(query):
        return client.get(f"/changes/?{query}").content.decode()

    assert "by the staff" in shown("kind=bulk")
    assert "by the staff" not in shown("kind=edit")
    assert "because OPEN" not in shown("author=STAFF")
    today = timezone.now().date()
    assert "by the staff" in shown(f"since={today}&until={today}")
    assert "by the staff" not in shown(f"until={today - dt.timedelta(days=2)}")
    assert "because PRIVATE" not in shown(f"target={targets['OPEN'].pk}")
    assert "because OPEN" in shown(f"target={targets['OPEN'].pk}")
    for nonsense in ("since=x", "kind=nothing", "target=-1", "target=99999999999999999999", "author=%00"):
        assert client.get(f"/changes/?{nonsense}").status_code == 200


def test_a_list_that_one_may_not_see_is_not_named(cast, client_of, targets):
    secret = TargetList.objects.create(name="secret plan")
    services.add_to_list(secret, Target.objects.filter(pk=targets["OPEN"].pk))
    url = f"/targets/{targets['OPEN'].pk}/history/"
    assert "secret plan" not in client_of(cast.viewer).get(url).content.decode()
    assert "secret plan" in client_of(cast.superuser).get(url).content.decode()


def facts_at(target, when, user):
    found = history_page.target_at(target, when, user)
    return found.exists, {fact.label: (fact.then, fact.now) for fact in found.facts if fact.differs}


def test_a_target_as_it_was(cast, targets):
    target = targets["OPEN"]
    times = [timezone.now()]
    with change_set():
        target.name, target.ra = "renamed", 5.5
        target.save(extras={"z": 1}, names=["second name"])
    times.append(timezone.now())
    with change_set():
        target.aliases.get().delete()
        TargetExtra.objects.filter(target=target, key="z").update(value="2")
        insert_new(PhotometryReducedDatum, {"target_id": [target.pk] * 3, "bandpass": ["r", "g", "i"]})
    target = Target.objects.get(pk=target.pk)
    exists, facts = facts_at(target, times[1], cast.owner)
    assert exists
    assert facts == {"Aliases": ("second name", None), "z": ("1", "2"), "Photometry points": ("0", "3")}
    exists, facts = facts_at(target, times[0], cast.owner)
    assert facts["Name"] == ("open target", "renamed")
    assert facts["z"] == (None, "2")
    assert "Aliases" not in facts
    assert facts_at(target, target.created - dt.timedelta(seconds=1), cast.owner)[0] is False


def test_dates_that_are_none_get_a_word(cast, client_of, targets):
    client = client_of(cast.owner)
    url = f"/targets/{targets['OPEN'].pk}/as-of/"
    for typed in ("tomorrow", "2026-02-31", "2026-99-99T10:00", "\x00"):
        assert "is no date" in client.get(url, {"date": typed}).content.decode()
    assert "was not there" in client.get(url, {"date": "2001-01-01"}).content.decode()
    later = timezone.now() + dt.timedelta(days=400)
    assert "nothing changed since" in client.get(url, {"date": f"{later:%Y-%m-%d}"}).content.decode()


def test_a_deleted_user_keeps_the_name_in_the_history(cast, client_of, edited):
    User.objects.filter(pk=cast.owner.pk).delete()
    assert "owner" in client_of(cast.viewer).get(edited["OPEN"].get_absolute_url()).content.decode()


def test_own_changes_of_targets_that_are_gone_are_seen(cast, client_of, targets):
    with unrecorded():
        grant_access(cast.stranger, targets["PRIVATE"])
    with change_set(cast.stranger) as changes:
        targets["PRIVATE"].save(extras={"a": 1})
    targets["PRIVATE"].delete()
    assert client_of(cast.stranger).get(f"/changes/{changes.pk}/").status_code == 200
    assert client_of(cast.owner).get(f"/changes/{changes.pk}/").status_code == 404
