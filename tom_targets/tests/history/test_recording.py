"""Each way to write targets, aliases, extra fields, lists and what is on them leaves its trace."""

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F

from tom_common.bulk import insert_new
from tom_common.history import change_run, change_set, unrecorded
from tom_common.history.models import Change, ChangeSet
from tom_common.history.net import net_changes
from tom_targets import services, trash
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList, TargetName
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def target():
    with unrecorded():
        return SiderealTargetFactory.create(name="SN 2024abc", ra=10.0, dec=-20.0)


def newest():
    return Change.objects.order_by("-pk").first()


def told(change):
    return (
        change.model_label.split(".")[1],
        change.action,
        change.object_pk,
        change.subject_id,
        change.values_before,
        change.values_after,
    )


def test_saving_notes_changed_fields_only(target):
    target.ra = 11.5
    target.save()
    assert told(newest()) == ("basetarget", "update", target.pk, target.pk, {"ra": 10.0}, {"ra": 11.5})


def test_saving_without_a_change_notes_nothing(target):
    target.save()
    target.ra = 10
    target.save()
    assert not Change.objects.exists()
    assert not ChangeSet.objects.exists()


def test_what_somebody_else_wrote_meanwhile_is_not_ours(target):
    ours = Target.objects.get(pk=target.pk)
    Target.objects.filter(pk=target.pk).update(dec=5.0)
    ours.ra = 1.0
    ours.save()
    assert newest().values_before == {"ra": 10.0, "dec": 5.0}
    assert newest().values_after == {"ra": 1.0, "dec": -20.0}


def test_update_fields_and_expressions(target):
    target.ra = F("ra") + 1
    target.name = "not stored"
    target.save(update_fields=["ra"])
    assert newest().values_after == {"ra": 11.0}


def test_a_new_target_is_one_row_with_its_aliases_and_extras():
    target = Target(name="a", type="SIDEREAL", ra=1.0, dec=2.0)
    with change_set(kind="create"):
        target.save(extras={"redshift": 0.1}, names=["b", "c"])
    assert Change.objects.count() == 1
    assert told(newest())[:4] == ("basetarget", "create", target.pk, target.pk)
    assert newest().values_after["name"] == "a"


def test_aliases_and_extras_of_a_stored_target(target):
    alias = TargetName.objects.create(target=target, name="alias")
    assert told(newest()) == ("targetname", "create", alias.pk, target.pk, {}, {"name": "alias"})
    alias.name = "other"
    alias.save()
    assert told(newest())[4:] == ({"name": "alias"}, {"name": "other"})
    alias.delete()
    assert newest().action == "delete"
    assert newest().values_before["name"] == "other"
    extra = TargetExtra.objects.create(target=target, key="z", value=0.1)
    assert told(newest())[3:] == (target.pk, {"z": None}, {"z": "0.1"})
    extra.value = "0.2"
    extra.save()
    assert told(newest())[3:] == (target.pk, {"z": "0.1"}, {"z": "0.2"})
    TargetExtra.objects.filter(pk=extra.pk).update(value="0.3")
    assert told(newest())[3:] == (target.pk, {"z": "0.2"}, {"z": "0.3"})
    TargetExtra.objects.filter(pk=extra.pk).delete()
    assert told(newest())[3:] == (target.pk, {"z": "0.3"}, {"z": None})


def test_updates_of_many_rows(django_assert_max_num_queries):
    with unrecorded():
        targets = SiderealTargetFactory.create_batch(30, permissions="PRIVATE")
    with change_set(kind="bulk", reason="go public") as changes, django_assert_max_num_queries(12):
        Target.objects.all().update(permissions="OPEN")
        changes.flush()
    assert Change.objects.count() == 30
    made = ChangeSet.objects.get()
    assert (made.change_count, made.subject_count, made.reason) == (30, 30, "go public")
    for target in targets:
        target.permissions, target.ra = "PUBLIC", 5.0
    Target.objects.bulk_update(targets, ["permissions", "ra"])
    assert newest().values_before["permissions"] == "OPEN"
    assert newest().values_after == {"permissions": "PUBLIC", "ra": 5.0}
    assert Change.objects.count() == 60


def test_insertion_of_many_rows_by_each_way(target):
    BaseTarget.objects.bulk_create([Target(name="x1", type="SIDEREAL"), Target(name="x2", type="SIDEREAL")])
    assert Change.objects.count() == 2
    BaseTarget.objects.bulk_create(
        [Target(name="x2", type="SIDEREAL"), Target(name="x3", type="SIDEREAL")], ignore_conflicts=True
    )
    assert Change.objects.count() == 3
    assert newest().object_pk == Target.objects.get(name="x3").pk
    insert_new(BaseTarget, {"name": ["x3", "x4"], "type": ["SIDEREAL"] * 2})
    assert Change.objects.count() == 4
    assert newest().values_after["name"] == "x4"
    counts = insert_new(TargetName, {"target_id": [target.pk], "name": ["y"]}, returning=("name",))
    assert counts.returned == [("y",)]
    assert told(newest())[3:] == (target.pk, {}, {"name": "y"})


def test_overwriting_extras_notes_what_was_there(target):
    columns = {"target_id": [target.pk] * 2, "key": ["a", "b"], "value": ["1", "2"]}
    options = {"unique_fields": ("target_id", "key"), "update_fields": ("value",)}
    insert_new(TargetExtra, columns, **options)
    assert told(newest())[3:] == (target.pk, {"a": None, "b": None}, {"a": "1", "b": "2"})
    insert_new(TargetExtra, {**columns, "value": ["1", "3"]}, **options)
    assert told(newest())[3:] == (target.pk, {"b": "2"}, {"b": "3"})


def test_lists_and_what_is_on_them(target):
    made = TargetList.objects.create(name="tonight")
    assert told(newest()) == ("targetlist", "create", made.pk, made.pk, {}, {"name": "tonight"})
    for act, action in (
        (lambda: made.targets.add(target), "create"),
        (lambda: target.targetlist_set.remove(made), "delete"),
        (lambda: services.add_to_list(made, Target.objects.all()), "create"),
        (lambda: services.remove_from_list(made, Target.objects.all()), "delete"),
        (lambda: target.targetlist_set.set([made]), "create"),
        (lambda: made.targets.clear(), "delete"),
    ):
        before = Change.objects.count()
        act()
        act()
        assert Change.objects.count() == before + 1
        assert told(newest())[:4] == ("targetlist_targets", action, made.pk, target.pk)
    made.targets.add(target)
    made.delete()
    gone, emptied = Change.objects.order_by("-pk")[:2]
    assert gone.values_before["name"] == "tonight"
    assert (emptied.action, emptied.subject_id) == ("delete", target.pk)


def test_trash_and_back_are_one_row_each(target):
    TargetName.objects.create(target=target, name="alias")
    pk = target.pk
    trashed = trash.move_to_trash(target)
    assert told(newest())[1:4] == ("delete", pk, pk)
    trash.restore(trashed)
    assert told(newest())[1:4] == ("create", pk, pk)
    assert Change.objects.count() == 3


def test_what_was_rolled_back_is_not_told(target):
    with change_set() as changes:
        try:
            with transaction.atomic():
                Target.objects.filter(pk=target.pk).update(ra=99.0)
                raise ValueError
        except ValueError:
            pass
        Target.objects.filter(pk=target.pk).update(dec=1.0)
    assert changes.pk
    assert [change.values_after for change in Change.objects.all()] == [{"dec": 1.0}]


def test_a_block_that_raises_leaves_nothing(target):
    with pytest.raises(ValueError, match="no"), change_set():
        Target.objects.filter(pk=target.pk).update(ra=99.0)
        raise ValueError("no")
    assert not ChangeSet.objects.exists()
    assert Target.objects.get(pk=target.pk).ra == 10.0


def test_there_and_back_is_no_change(target):
    with change_set() as changes:
        for ra in (50.0, 10.0):
            target.ra = ra
            target.save()
    assert changes.pk is None


def test_blocks_inside_a_block_join_it(target):
    with change_set(kind="merge", title="outer") as outer, change_set(kind="edit") as inner:
        target.ra = 3.0
        target.save()
    assert inner is outer
    assert ChangeSet.objects.get().title == "outer"


def test_parts_of_a_run_share_one_change_set():
    run = change_run(kind="import", title="Import of stars.csv")
    for number in range(3):
        with run.part():
            Target.objects.create(name=f"star {number}", type="SIDEREAL")
    made = ChangeSet.objects.get(pk=run.pk)
    assert (made.change_count, made.subject_count, made.kind) == (3, 3, "import")


def test_author_is_the_user_of_the_request(client, target):
    user = get_user_model().objects.create_superuser("anna", password="x")
    client.force_login(user)
    data = {"name": "new one", "type": "SIDEREAL", "ra": "12", "dec": "3", "permissions": "OPEN"}
    answer = client.post("/api/targets/", data, content_type="application/json")
    assert answer.status_code == 201
    made = ChangeSet.objects.get()
    assert (made.author, made.author_name, made.origin, made.kind) == (user, "anna", "api", "create")


def test_writes_outside_of_any_block_of_one_request_share_a_change_set(client, target, monkeypatch):
    from tom_targets.views import TargetGroupingView

    def get(self, request, *args, **kwargs):
        from django.http import HttpResponse

        TargetName.objects.create(target=target, name="one")
        TargetName.objects.create(target=target, name="two")
        return HttpResponse()

    monkeypatch.setattr(TargetGroupingView, "get", get)
    client.force_login(get_user_model().objects.create_user("bert"))
    client.get("/targets/targetgrouping/")
    made = ChangeSet.objects.get()
    assert (made.change_count, made.author_name, made.origin) == (2, "bert", "page")


def test_the_order_is_kept_where_savepoints_lie_between(target):
    """What is told after a savepoint does not join what was told before it: the order decides."""
    with change_set() as changes:
        Target.objects.filter(pk=target.pk).update(ra=11.0)
        with transaction.atomic():
            Target.objects.filter(pk=target.pk).update(ra=12.0)
        Target.objects.filter(pk=target.pk).update(ra=13.0)
        for key in ("first", "second"):
            extra, _ = TargetExtra.objects.get_or_create(target=target, key=key)
            extra.value = "1"
            extra.save()
    nets, _ = net_changes(ChangeSet.objects.get(pk=changes.pk))
    assert [(net.before, net.after) for net in nets] == [
        ({"ra": 10.0}, {"ra": 13.0}),
        ({"first": None, "second": None}, {"first": "1", "second": "1"}),
    ]
