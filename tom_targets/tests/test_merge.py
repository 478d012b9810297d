import pytest
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_comments.models import Comment

from tom_common.grants import grant_access
from tom_common.history.models import ChangeSet
from tom_common.history.revert import plan_revert, revert
from tom_dataproducts.models import DataProduct, DataUpload, LightCurveSummary, PhotometryReducedDatum
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_observations.models import ObservationRecord
from tom_targets import trash
from tom_targets.merge import MergeError, choices, merge_targets, target_merge, what_moves
from tom_targets.models import PersistentShare, Target, TargetExtra, TargetName, TrashedTarget
from tom_targets.permissions import targets_for_user
from tom_targets.pointers import target_pointers
from tom_targets.tests.factories import (
    SiderealTargetFactory,
    TargetExtraFactory,
    TargetGroupingFactory,
    TargetNameFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(cast):
    """Give two targets that are the same object: some of what belongs to the second, the first has too."""
    first = SiderealTargetFactory(name="SN 2026A", ra=10.0, dec=-5.0, permissions="PUBLIC", abs_mag=None)
    second = SiderealTargetFactory(
        name="ZTF26abc", ra=10.0001, dec=-5.0001, permissions="PRIVATE", abs_mag=3.5
    )
    TargetNameFactory(target=second, name="Gaia26x")
    TargetExtraFactory(target=first, key="redshift", value="0.03")
    TargetExtraFactory(target=second, key="redshift", value="0.031")
    TargetExtraFactory(target=second, key="host", value="NGC 1")
    both, one = TargetGroupingFactory(name="both"), TargetGroupingFactory(name="one")
    both.targets.add(first, second)
    one.targets.add(second)
    points = PhotometryFactory.create_batch(3, target=first)
    PhotometryFactory.create_batch(5, target=second)
    twin = PhotometryReducedDatum.objects.get(pk=points[0].pk)
    PhotometryFactory(
        target=second,
        **{
            name: getattr(twin, name)
            for name in (
                "bandpass",
                "timestamp",
                "brightness",
                "instrument",
                "reduction_version",
                "source_name",
            )
        },
    )
    DataProductFactory(target=second)
    ObservationRecord.objects.create(
        target=second, facility="LCO", parameters={"exposure": 30}, observation_id="1", status="COMPLETED"
    )
    for target in (first, second):
        PersistentShare.objects.create(target=target, user=cast.owner, destination="elsewhere")
        grant_access(cast.owner, target)
    grant_access(cast.group, second)
    Comment.objects.create(
        content_type=ContentType.objects.get_for_model(Target),
        object_pk=str(second.pk),
        site=Site.objects.get_current(),
        user=cast.owner,
        comment="a second look",
    )
    LightCurveSummary.objects.mark_stale([first.pk, second.pk])
    return first, second


def everything():
    """Return all rows that belong to targets, as text."""
    models = {Target, TargetName, *(pointer.model for pointer in target_pointers())} - {LightCurveSummary}
    ignored = ("modified", "computed", "changed")
    rows = []
    for model in sorted(models, key=lambda model: model._meta.label):
        names = [
            column.attname
            for column in model._meta.concrete_fields
            if column.attname not in ignored and not getattr(column, "auto_now", False)
        ]
        rows += [
            (model._meta.label, *map(str, row))
            for row in model._base_manager.order_by("pk").values_list(*names)
        ]
    return rows


def test_all_that_points_at_the_second_target_points_at_the_first_afterwards(pair, cast):
    first, second = pair
    merged = merge_targets(first, [second], user=cast.owner)
    assert not Target.objects.filter(pk=second.pk).exists()
    for pointer in target_pointers():
        assert not pointer.rows(second.pk).exists(), pointer
    assert PhotometryReducedDatum.objects.filter(target=first).count() == 8
    assert DataProduct.objects.get().target_id == first.pk
    assert ObservationRecord.objects.get().target_id == first.pk
    assert Comment.objects.get().object_pk == str(first.pk)
    assert set(first.targetlist_set.values_list("name", flat=True)) == {"both", "one"}
    assert merged.repeated["photometry points"] == 1


def test_names_become_aliases_and_the_one_that_stays_keeps_its_extras(pair):
    first, second = pair
    merged = target_merge(first, second)
    assert merged.name == "SN 2026A"
    assert set(merged.aliases.values_list("name", flat=True)) == {"ZTF26abc", "Gaia26x"}
    assert dict(TargetExtra.objects.filter(target=first).values_list("key", "value")) == {
        "redshift": "0.03",
        "host": "NGC 1",
    }


def test_a_value_that_is_missing_is_taken_from_the_other(pair):
    assert target_merge(*pair).abs_mag == 3.5


def test_what_was_chosen_is_taken(pair):
    first, second = pair
    chosen = {"name": second.pk, "position": second.pk, "extra:redshift": second.pk, "permissions": second.pk}
    merged = merge_targets(first, [second], chosen=chosen)
    stored = Target.objects.get(pk=first.pk)
    assert (stored.name, stored.ra, stored.dec) == ("ZTF26abc", 10.0001, -5.0001)
    assert stored.permissions == "PRIVATE"
    assert set(stored.aliases.values_list("name", flat=True)) == {"SN 2026A", "Gaia26x"}
    assert TargetExtra.objects.get(target=first, key="redshift").value == "0.031"
    assert merged.target.pk == first.pk


def test_the_strictest_visibility_is_proposed(pair):
    first, second = pair
    proposed = {choice.name: choice.chosen for choice in choices([first, second])}
    assert proposed["permissions"] == second.pk
    assert proposed["name"] == first.pk
    assert proposed["abs_mag"] == second.pk


def test_nothing_becomes_public_by_a_merge_that_says_nothing_of_it(pair):
    first, second = pair
    assert (first.permissions, second.permissions) == ("PUBLIC", "PRIVATE")
    assert target_merge(first, second).permissions == "PRIVATE"


def test_groups_keep_their_rights(pair, cast):
    first, second = pair
    merge_targets(first, [second])
    assert targets_for_user(cast.member, Target.objects.all(), "change_target").get().pk == first.pk


def test_the_preview_counts_what_moves_and_what_is_there(pair):
    counts = {moving.words[1]: (moving.moved, moving.repeated) for moving in what_moves(pair[0], [pair[1]])}
    assert counts["photometry points"] == (5, 1)
    assert counts["places on lists"] == (1, 1)


def test_the_light_curve_is_counted_anew(pair):
    first, second = pair
    LightCurveSummary.objects.update(is_stale=False)
    merge_targets(first, [second])
    assert LightCurveSummary.objects.get(target=first).is_stale


def test_three_become_one(pair):
    first, second = pair
    third = SiderealTargetFactory(name="AT 2026zz")
    TargetExtraFactory(target=third, key="host", value="NGC 2")
    merge_targets(first, [second, third])
    assert set(first.aliases.values_list("name", flat=True)) == {"ZTF26abc", "Gaia26x", "AT 2026zz"}
    assert TargetExtra.objects.get(target=first, key="host").value == "NGC 1"


def test_bringing_the_second_target_back_undoes_the_moves(pair):
    first, second = pair
    counted = PhotometryReducedDatum.objects.filter(target=second).count()
    merge_targets(first, [second])
    trash.restore(TrashedTarget.objects.get(target_pk=second.pk))
    assert PhotometryReducedDatum.objects.filter(target=second).count() == counted
    assert PhotometryReducedDatum.objects.filter(target=first).count() == 3
    assert DataProduct.objects.get().target_id == second.pk
    assert Comment.objects.get().object_pk == str(second.pk)


def test_a_target_cannot_be_merged_with_itself_or_one_that_is_gone(pair):
    first, second = pair
    with pytest.raises(MergeError, match="at least two"):
        merge_targets(first, [first])
    Target.objects.filter(pk=second.pk).delete()
    second.pk = 10**6
    with pytest.raises(MergeError, match="deleted meanwhile"):
        merge_targets(first, [second])


def test_a_choice_of_a_target_that_is_not_merged_changes_nothing(pair):
    before = everything()
    with pytest.raises(MergeError, match="no target"):
        merge_targets(pair[0], [pair[1]], chosen={"name": 10**6})
    assert everything() == before


def test_the_number_of_statements_does_not_grow_with_what_moves(cast):
    def statements(points):
        first, second = SiderealTargetFactory(), SiderealTargetFactory()
        PhotometryFactory.create_batch(points, target=second)
        with CaptureQueriesContext(connection) as queries:
            merge_targets(first, [second])
        return len(queries)

    statements(1)
    assert statements(60) == statements(2)


@pytest.mark.parametrize("takes_name", [False, True])
def test_a_reverted_merge_leaves_everything_as_it_was(pair, cast, takes_name):
    first, second = pair
    before = everything()
    chosen = {"name": second.pk, "extra:redshift": second.pk, "position": second.pk} if takes_name else {}
    merge_targets(first, [second], chosen=chosen, user=cast.superuser, reason="the same object")
    change_set = ChangeSet.objects.get(kind="merge")
    assert (change_set.author, change_set.reason) == (cast.superuser, "the same object")
    assert plan_revert(change_set, cast.superuser).obstacles == []
    revert(change_set, cast.superuser)
    assert everything() == before


def test_what_hangs_on_moved_rows_is_no_obstacle_to_a_revert(pair, cast):
    first, second = pair
    product = DataProductFactory(target=second)
    DataUpload.objects.create(product=product, user=cast.owner, digest="abc")
    record = ObservationRecord.objects.create(
        target=second, facility="LCO", parameters={}, observation_id="7", status="PENDING"
    )
    kind = ContentType.objects.get_for_model(ObservationRecord)
    Comment.objects.create(
        content_type=kind, object_pk=record.pk, site=Site.objects.get_current(), comment="Clouds."
    )
    merge_targets(first, [second], user=cast.superuser)
    revert(ChangeSet.objects.get(kind="merge"), cast.superuser)
    assert DataUpload.objects.get().product.target_id == second.pk
    record.refresh_from_db()
    assert record.target_id == second.pk
    assert Comment.objects.get(content_type=kind).comment == "Clouds."


def test_three_that_were_merged_come_apart_again(pair, cast):
    first, second = pair
    third = SiderealTargetFactory(name="AT 2026zz")
    TargetExtraFactory(target=third, key="host", value="NGC 2")
    before = everything()
    merge_targets(first, [second, third], user=cast.superuser)
    revert(ChangeSet.objects.get(kind="merge"), cast.superuser)
    assert everything() == before


def test_many_with_extra_fields_of_their_own_come_apart_again(cast):
    targets = [SiderealTargetFactory(name=f"part {number}") for number in range(5)]
    for number, target in enumerate(targets):
        target.save(extras={f"own {number}": number, "shared": number})
    before = set(TargetExtra.objects.values_list("target", "key", "value"))
    merge_targets(targets[0], targets[1:], user=cast.superuser)
    assert TargetExtra.objects.count() == 6
    revert(ChangeSet.objects.get(kind="merge"), cast.superuser)
    assert set(TargetExtra.objects.values_list("target", "key", "value")) == before
