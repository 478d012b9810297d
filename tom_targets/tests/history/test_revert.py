"""Undoing: everything comes back, or a reason is given. Also: who may, and undoing what was undone."""

import random

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from tom_common.bulk import insert_new
from tom_common.grants import grant_access
from tom_common.history import RevertRefusedError, change_set, unrecorded
from tom_common.history.models import ChangeSet
from tom_common.history.revert import plan_revert, revert
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_dataservices.ingest.targets import upsert_extras
from tom_targets import services, trash
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList, TargetName, TrashedTarget
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss")


@pytest.fixture
def target():
    with unrecorded():
        return SiderealTargetFactory.create(name="SN 2024abc", ra=10.0, dec=-20.0)


def state():
    """Give all that has a history, without times of change and without keys of extra fields."""
    through = TargetList.targets.through
    skipped = {"modified"}

    def rows(model, *left_out):
        names = [column.attname for column in model._meta.concrete_fields]
        names = [name for name in names if name not in skipped | set(left_out)]
        return sorted(model._base_manager.values_list(*names), key=repr)

    return {
        "targets": rows(BaseTarget),
        "aliases": rows(TargetName),
        "extras": rows(TargetExtra, "id"),
        "lists": rows(TargetList),
        "places": rows(through, "id"),
        "points": rows(PhotometryReducedDatum),
    }


def undo(change_set, user):
    return revert(ChangeSet.objects.get(pk=getattr(change_set, "pk", change_set)), user)


class RandomEdits:
    """Edits as people, bulk forms and ingest make them, each a change set of its own."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number = 0

    def fresh(self, word):
        self.number += 1
        return f"{word} {self.number}"

    def any(self, model, count=1):
        rows = list(model._base_manager.order_by("pk"))
        return self.random.sample(rows, min(count, len(rows)))

    def edit_target(self):
        for row in self.any(Target):
            row.ra = self.random.choice([None, -0.0, 0.1 + 0.2, 1e-300, 359.9999999])
            row.name = self.fresh("renamed")
            row.save()

    def save_extras(self):
        for row in self.any(Target):
            row.save(extras={self.random.choice("abc"): self.random.choice([1.5, True, "x", "2024-01-01"])})

    def bulk_update(self):
        Target.objects.filter(pk__in=[row.pk for row in self.any(Target, 3)]).update(
            permissions=self.random.choice(["OPEN", "PUBLIC", "PRIVATE"]), distance=self.random.random()
        )

    def new_target(self):
        with change_set():
            made = SiderealTargetFactory.create(name=self.fresh("new"))
            made.save(extras={"a": 1}, names=[self.fresh("alias")])

    def insert_targets(self):
        names = [self.fresh("inserted") for _ in range(3)]
        insert_new(BaseTarget, {"name": names, "type": ["SIDEREAL"] * 3})

    def aliases(self):
        for row in self.any(Target):
            TargetName.objects.create(target=row, name=self.fresh("alias"))
        for row in self.any(TargetName):
            row.name = self.fresh("alias")
            row.save()

    def drop_alias(self):
        for row in self.any(TargetName):
            row.delete()

    def overwrite_extras(self):
        made = [TargetExtra(target=row, key="z", value=self.random.random()) for row in self.any(Target, 2)]
        for extra in made:
            extra.set_typed_values()
        upsert_extras(made)

    def drop_extras(self):
        TargetExtra.objects.filter(key=self.random.choice("abcz")).delete()

    def lists(self):
        made = TargetList.objects.create(name=self.fresh("list"))
        services.add_to_list(made, Target.objects.filter(pk__in=[row.pk for row in self.any(Target, 3)]))

    def leave_list(self):
        for row in self.any(TargetList):
            services.remove_from_list(row, Target.objects.filter(pk__in=[t.pk for t in self.any(Target, 2)]))

    def drop_list(self):
        for row in self.any(TargetList):
            row.delete()

    def trash(self):
        for row in self.any(Target):
            trash.move_to_trash(row)

    def measure(self):
        for row in self.any(Target):
            columns = {
                "target_id": [row.pk] * 3,
                "bandpass": ["r"] * 3,
                "brightness": [self.random.random() for _ in range(3)],
            }
            insert_new(PhotometryReducedDatum, columns)

    def drop_points(self):
        rows = [row.pk for row in self.any(PhotometryReducedDatum, 4)]
        PhotometryReducedDatum.objects.filter(pk__in=rows).delete()

    def edit_point(self):
        for row in self.any(PhotometryReducedDatum):
            row.brightness = self.random.random()
            row.save()

    def acts(self):
        own = {"any", "fresh", "acts"}
        return [
            getattr(self, name) for name in sorted(vars(type(self))) if name[0] != "_" and name not in own
        ]


@pytest.mark.parametrize("seed", range(8))
def test_random_edits_undone_newest_first_lead_back_to_the_start(boss, seed):
    with unrecorded():
        for row in SiderealTargetFactory.create_batch(4):
            row.save(extras={"a": "0.1", "b": "yes"}, names=[f"first {row.pk}"])
    edits = RandomEdits(seed)
    states, made = [state()], []
    for _ in range(25):
        with change_set(boss) as changes:
            for act in edits.random.sample(edits.acts(), edits.random.choice([1, 1, 2, 3])):
                act()
        if changes.pk:
            made.append(changes.pk)
            states.append(state())
    assert len(made) > 15
    for pk in reversed(made):
        assert state() == states.pop()
        undo(pk, boss)
    assert state() == states.pop()


@pytest.mark.parametrize("seed", range(4))
def test_undoing_what_was_undone_brings_it_back(boss, seed):
    with unrecorded():
        for row in SiderealTargetFactory.create_batch(4):
            row.save(extras={"a": "0.1"}, names=[f"first {row.pk}"])
    edits = RandomEdits(seed)
    with change_set(boss) as changes:
        for act in edits.random.sample(edits.acts(), 6):
            act()
    after = state()
    if changes.pk:
        first = undo(changes, boss)
        second = undo(first, boss)
        assert state() == after
        assert not ChangeSet.objects.get(pk=changes.pk).is_reverted
        assert second.kind == "revert"


def test_a_later_change_of_the_same_field_is_in_the_way(boss, target):
    with change_set(boss) as first:
        Target.objects.filter(pk=target.pk).update(ra=1.0)
    with change_set(boss) as second:
        Target.objects.filter(pk=target.pk).update(ra=2.0)
    plan = plan_revert(ChangeSet.objects.get(pk=first.pk), boss)
    assert not plan.is_possible
    assert "SN 2024abc: ra was changed later by boss on" in plan.obstacles[0].text
    assert plan.obstacles[0].later.pk == second.pk
    with pytest.raises(RevertRefusedError, match="changed later by boss"):
        undo(first, boss)
    undo(second, boss)
    undo(first, boss)
    assert Target.objects.get(pk=target.pk).ra == 10.0


def test_another_field_is_not_in_the_way(boss, target):
    with change_set(boss) as first:
        Target.objects.filter(pk=target.pk).update(ra=1.0)
    Target.objects.filter(pk=target.pk).update(dec=2.0)
    undo(first, boss)
    assert (Target.objects.get().ra, Target.objects.get().dec) == (10.0, 2.0)


def test_a_new_target_with_later_work_stays(boss):
    with change_set(boss) as changes:
        made = SiderealTargetFactory.create(name="new")
    TargetName.objects.create(target=made, name="alias")
    with pytest.raises(RevertRefusedError, match="new was changed later"):
        undo(changes, boss)


def test_a_new_target_with_rows_of_apps_without_history_stays(boss):
    from tom_observations.models import ObservationRecord

    with change_set(boss) as changes:
        made = SiderealTargetFactory.create(name="new")
    ObservationRecord.objects.create(target=made, facility="x", observation_id="1", status="", parameters={})
    with pytest.raises(RevertRefusedError, match="1 observation record"):
        undo(changes, boss)


def test_an_alias_that_somebody_else_took_cannot_come_back(boss, target):
    with unrecorded():
        alias = TargetName.objects.create(target=target, name="alias")
    with change_set(boss) as changes:
        alias.delete()
    TargetName.objects.create(target=SiderealTargetFactory.create(), name="alias")
    with pytest.raises(RevertRefusedError, match="alias alias cannot come back"):
        undo(changes, boss)


def test_what_was_undone_is_not_undone_twice(boss, target):
    with change_set(boss) as changes:
        Target.objects.filter(pk=target.pk).update(ra=1.0)
    undo(changes, boss)
    with pytest.raises(RevertRefusedError, match="undone already"):
        undo(changes, boss)


def test_a_target_deleted_for_good_is_said_to_be_gone(boss, target):
    with change_set(boss) as changes:
        target.delete()
    with pytest.raises(RevertRefusedError, match="deleted for good"):
        undo(changes, boss)


def test_a_merge_is_undone(boss, target):
    from tom_targets.merge import merge_targets

    with unrecorded():
        other = SiderealTargetFactory.create(name="ZTF24xyz", ra=10.0001, dec=-20.0)
        other.save(extras={"redshift": 0.1}, names=["other alias"])
        PhotometryReducedDatum.objects.create(target=other, bandpass="r", brightness=18.0)
    before = state()
    merge_targets(target, [other], user=boss)
    assert Target.objects.count() == 1
    undo(ChangeSet.objects.get(kind="merge"), boss)
    assert state() == before


def test_too_many_targets_for_the_trash_are_deleted_with_their_files(
    boss, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("tom_common.history.revert.MAX_TRASHED", 100)
    with change_set(boss) as changes:
        insert_new(BaseTarget, {"name": [f"t{n}" for n in range(700)], "type": ["SIDEREAL"] * 700})
        first = Target.objects.get(name="t1")
        first.save(names=["an alias"])
        product = DataProduct.objects.create(target=first, data=ContentFile(b"x", name="history_test.txt"))
    assert plan_revert(ChangeSet.objects.get(pk=changes.pk), boss).is_for_good
    with django_capture_on_commit_callbacks(execute=True):
        made = undo(changes, boss)
    assert not Target.objects.exists()
    assert not TrashedTarget.objects.exists()
    assert not product.data.storage.exists(product.data.name)
    with pytest.raises(RevertRefusedError, match="for good"):
        undo(made, boss)


@pytest.mark.parametrize(
    ("who", "may"),
    [("author", True), ("author without right", False), ("staff", False), ("staff with right", True)],
)
def test_who_may_undo(target, who, may):
    author = User.objects.create_user("author")
    staff = User.objects.create_user("staff", is_staff=True)
    if who in ("author", "staff with right"):
        grant_access(author if who == "author" else staff, target)
    with change_set(author) as changes:
        Target.objects.filter(pk=target.pk).update(ra=1.0)
    user = author if who.startswith("author") else staff
    plan = plan_revert(ChangeSet.objects.get(pk=changes.pk), user)
    assert plan.is_possible is may


def test_a_stranger_with_the_right_to_change_may_not_undo(target):
    stranger = User.objects.create_user("stranger")
    grant_access(stranger, target)
    with change_set(User.objects.create_user("author")) as changes:
        Target.objects.filter(pk=target.pk).update(ra=1.0)
    assert "Only its author" in plan_revert(ChangeSet.objects.get(pk=changes.pk), stranger).obstacles[0].text
