"""Notes on points: who reads and writes them, what is refused, and that the history has them."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tom_common.history.models import Change
from tom_dataproducts.models import PointNote
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_targets.merge import target_merge
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
POINT = {"time": "61253.25", "band": "r", "source": "ZTF", "text": "Cosmic ray? <b>"}


def url(target, name="point-notes", **kwargs):
    return reverse(f"dataproducts:{name}", kwargs={"pk": target.pk, **kwargs})


@pytest.fixture
def owner(client):
    user = User.objects.create_superuser("owner")
    client.force_login(user)
    return user


def test_a_note_is_kept_with_who_and_when_and_shown_escaped(client, owner):
    target = SiderealTargetFactory()
    assert client.post(url(target), POINT).status_code == 302
    note = PointNote.objects.get()
    assert (note.target_id, note.user, note.band) == (target.pk, owner, "r")
    assert note.timestamp == datetime(2026, 8, 1, 6, tzinfo=UTC)  # MJD 61253.25
    page = client.get(url(target)).content.decode()
    assert "Cosmic ray? &lt;b&gt;" in page
    told = client.get(url(target, "photometry-about")).json()["notes"]
    assert [(one["mjd"], one["who"], one["text"]) for one in told] == [(61253.25, "owner", POINT["text"])]


def test_the_viewer_gets_json(client, owner):
    target = SiderealTargetFactory()
    accept = {"Accept": "application/json"}
    answer = client.post(url(target), POINT, headers=accept)
    assert answer.status_code == 201
    assert answer.json()["text"] == POINT["text"]
    refused = client.post(url(target), {**POINT, "text": "  "}, headers=accept)
    assert refused.status_code == 400
    assert refused.json()["error"]


@pytest.mark.parametrize(
    "fields",
    [{"text": ""}, {"text": "x" * 1001}, {"time": "yesterday"}, {"time": "9e99"}, {"band": "b" * 33}],
)
def test_what_cannot_be_kept_is_refused_with_the_input_left(client, owner, fields):
    target = SiderealTargetFactory()
    answer = client.post(url(target), {**POINT, **fields})
    assert answer.status_code == 400
    assert not PointNote.objects.exists()
    assert "invalid-feedback" in answer.content.decode() or "tom-error" in answer.content.decode()


def test_note_and_deletion_stand_in_the_history(client, owner):
    target = SiderealTargetFactory()
    client.post(url(target), POINT)
    note = PointNote.objects.get()
    assert client.post(url(target, "point-note-delete", note_pk=note.pk)).status_code == 302
    assert not PointNote.objects.exists()
    changes = Change.objects.filter(model_label="tom_dataproducts.pointnote").order_by("pk")
    assert changes.count() == 2
    page = client.get(reverse("targets:history", args=[target.pk])).content.decode()
    assert "Note on a point" in page


def test_the_note_of_another_target_is_not_deleted(client, owner):
    target, other = SiderealTargetFactory(), SiderealTargetFactory()
    client.post(url(target), POINT)
    note = PointNote.objects.get()
    assert client.post(url(other, "point-note-delete", note_pk=note.pk)).status_code == 404
    assert PointNote.objects.exists()


def test_notes_move_with_a_merge(client, owner):
    first, second = SiderealTargetFactory(), SiderealTargetFactory()
    client.post(url(second), POINT)
    target_merge(first, second)
    assert PointNote.objects.get().target_id == first.pk


@pytest.mark.parametrize("permissions", ["OPEN", "PUBLIC", "PRIVATE"])
def test_who_sees_the_target_reads_and_who_may_change_it_writes(client, people, permissions):
    target = shared_target(people, permissions)
    note = PointNote.objects.create(target=target, timestamp=datetime(2026, 8, 1, tzinfo=UTC), text="x")
    for name, user in people[0].items():
        as_user(client, user)
        is_seen, may_write = name in ADMITTED[permissions], name in ("owner", "staff")
        for page in ("point-notes", "photometry-about"):
            assert client.get(url(target, page)).status_code == (200 if is_seen else 404), (name, page)
        count = PointNote.objects.count()
        refused = {302} if name == "anonymous" and is_seen else {403} if is_seen else {404}
        status = client.post(url(target), POINT).status_code
        assert status in ({302} if may_write else refused), name
        assert PointNote.objects.count() == count + may_write, name
        status = client.post(url(target, "point-note-delete", note_pk=note.pk)).status_code
        if may_write:
            assert not PointNote.objects.filter(pk=note.pk).exists()
            note = PointNote.objects.create(
                target=target, timestamp=datetime(2026, 8, 1, tzinfo=UTC), text="x"
            )
        else:
            assert status in refused
            assert PointNote.objects.filter(pk=note.pk).exists()
