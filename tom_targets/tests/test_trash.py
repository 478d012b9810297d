from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone
from django_comments.models import Comment, CommentFlag

from tom_common.grants import grant_access
from tom_dataproducts.models import DataProduct, LightCurveSummary, PhotometryReducedDatum, ReducedDatum
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_observations.models import ObservationRecord
from tom_targets import trash
from tom_targets.models import (
    PersistentShare,
    Target,
    TargetExtra,
    TargetGroupGrant,
    TargetList,
    TargetName,
    TargetUserGrant,
    TrashedTarget,
)
from tom_targets.tests.factories import (
    SiderealTargetFactory,
    TargetExtraFactory,
    TargetGroupingFactory,
    TargetNameFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def laden(cast):
    """Give a target with something of every kind on it."""
    target = SiderealTargetFactory(name="SN 2026A")
    TargetNameFactory(target=target, name="ZTF26a")
    TargetExtraFactory(target=target, key="redshift", value="0.031")
    TargetGroupingFactory(name="tonight").targets.add(target)
    PersistentShare.objects.create(target=target, user=cast.owner, destination="elsewhere")
    grant_access(cast.owner, target)
    grant_access(cast.group, target)
    PhotometryFactory.create_batch(30, target=target)
    product = DataProductFactory(target=target)
    grant_access(cast.owner, product, ["view_dataproduct"])
    ReducedDatum.objects.create(
        target=target, data_product=product, data_type="other", value={"depth": 1.5, "who": ["a", "b"]}
    )
    LightCurveSummary.objects.update_or_create(target=target, defaults={"points": [[61000.5, 18.2, "r", 0]]})
    ObservationRecord.objects.create(
        target=target, facility="LCO", parameters={"exposure": 30}, observation_id="1", status="COMPLETED"
    )
    comment = Comment.objects.create(
        content_type=ContentType.objects.get_for_model(Target),
        object_pk=str(target.pk),
        site=Site.objects.get_current(),
        user=cast.owner,
        comment="looks blue",
        submit_date=timezone.now(),
    )
    CommentFlag.objects.create(user=cast.member, comment=comment, flag="like", flag_date=timezone.now())
    target.refresh_from_db()
    return target


def everything_on(target_pk):
    """Return all rows of all tables that hang on a target, as plain values."""
    tables = {
        Target: {"pk": target_pk},
        TargetName: {"target": target_pk},
        TargetExtra: {"target": target_pk},
        Target.targetlist_set.through: {"basetarget": target_pk},
        PersistentShare: {"target": target_pk},
        TargetUserGrant: {"content_object": target_pk},
        TargetGroupGrant: {"content_object": target_pk},
        PhotometryReducedDatum: {"target": target_pk},
        DataProduct: {"target": target_pk},
        ReducedDatum: {"target": target_pk},
        LightCurveSummary: {"target": target_pk},
        ObservationRecord: {"target": target_pk},
        Comment: {"object_pk": str(target_pk)},
        CommentFlag: {"comment__object_pk": str(target_pk)},
    }
    return {
        model._meta.label: list(model._base_manager.filter(**where).order_by("pk").values())
        for model, where in tables.items()
    }


def test_everything_goes_and_everything_comes_back(cast, laden):
    from guardian.models import UserObjectPermission

    pk, before = laden.pk, everything_on(laden.pk)
    generic_grants = list(UserObjectPermission.objects.values())
    assert all(before.values()) and generic_grants
    trashed = trash.move_to_trash(laden, user=cast.owner)
    assert not any(everything_on(pk).values())
    assert not UserObjectPermission.objects.filter(
        object_pk__in=[str(row["object_pk"]) for row in generic_grants]
    ).exists()
    assert (trashed.target_pk, trashed.name, trashed.deleted_by) == (pk, "SN 2026A", cast.owner)
    restored = trash.restore(TrashedTarget.objects.get())
    assert restored.target.pk == pk
    assert restored.left_out == {}
    assert everything_on(pk) == before
    assert list(UserObjectPermission.objects.values()) == generic_grants
    assert not TrashedTarget.objects.exists()


def test_nothing_of_other_targets_goes(cast, laden):
    other = SiderealTargetFactory(name="other")
    PhotometryFactory.create_batch(3, target=other)
    before = everything_on(other.pk)
    trash.move_to_trash(laden, user=cast.owner)
    assert everything_on(other.pk) == before


def test_files_stay_until_the_trash_is_emptied(cast, laden):
    name = laden.dataproduct_set.get().data.name
    trashed = trash.move_to_trash(laden, user=cast.owner)
    assert default_storage.exists(name)
    assert trash.purge([trashed]) == (1, 1)
    assert not default_storage.exists(name)
    assert not TrashedTarget.objects.exists()


def test_a_file_that_a_stored_row_names_outlives_the_trash(cast, laden):
    product = laden.dataproduct_set.get()
    name = product.data.name
    trashed = trash.move_to_trash(laden, user=cast.owner)
    DataProductFactory(data=None)
    DataProduct.objects.update(data=name)
    assert trash.purge([trashed]) == (1, 0)
    assert default_storage.exists(name)


def test_the_name_of_another_target_is_in_the_way(cast, laden):
    trashed = trash.move_to_trash(laden, user=cast.owner)
    SiderealTargetFactory(name="sn2026a")
    with pytest.raises(trash.RestoreClashError, match="SN 2026A is now a name of the target sn2026a"):
        trash.restore(trashed)
    assert TrashedTarget.objects.count() == 1
    assert not PhotometryReducedDatum.objects.exists()


def test_an_alias_taken_meanwhile_is_in_the_way(cast, laden):
    trashed = trash.move_to_trash(laden, user=cast.owner)
    TargetNameFactory(name="ZTF26a", target__name="usurper")
    with pytest.raises(trash.RestoreClashError, match="ZTF26a is now a name of the target usurper"):
        trash.restore(trashed)


def test_a_key_taken_meanwhile_is_in_the_way(cast, laden):
    pk = laden.pk
    trashed = trash.move_to_trash(laden, user=cast.owner)
    SiderealTargetFactory(pk=pk, name="squatter")
    with pytest.raises(trash.RestoreClashError, match="another target has its key"):
        trash.restore(trashed)


def test_what_needs_somebody_who_is_gone_stays_away(cast, laden):
    trashed = trash.move_to_trash(laden, user=cast.member)
    User.objects.filter(pk=cast.owner.pk).delete()
    restored = trash.restore(TrashedTarget.objects.get(pk=trashed.pk))
    assert restored.left_out["rights of users"] == 3
    assert not TargetUserGrant.objects.filter(content_object=restored.target.pk).exists()
    assert Comment.objects.get().user is None
    assert PersistentShare.objects.get().user is None
    assert PhotometryReducedDatum.objects.count() == 30


def test_a_list_that_is_gone_is_counted(cast, laden):
    trashed = trash.move_to_trash(laden, user=cast.owner)
    TargetList.objects.all().delete()
    assert sum(trash.restore(trashed).left_out.values()) == 1


def test_what_a_deletion_only_empties_is_filled_again(cast):
    """A spectrum of another target that came from a file of this one loses the file, and gets it back."""
    target, other = SiderealTargetFactory(name="this"), SiderealTargetFactory(name="that")
    product = DataProductFactory(target=target)
    datum = ReducedDatum.objects.create(target=other, data_product=product, data_type="other", value={})
    trashed = trash.move_to_trash(target, user=cast.owner)
    survived = ReducedDatum.objects.filter(pk=datum.pk).exists()
    trash.restore(trashed)
    datum.refresh_from_db()
    assert datum.data_product_id == product.pk
    assert ReducedDatum._meta.get_field("data_product").null is survived or not survived


def test_ten_thousand_points_are_packed_small(cast):
    target = SiderealTargetFactory(name="bright")
    PhotometryReducedDatum.objects.bulk_create(PhotometryFactory.build_batch(2000, target=target))
    trashed = trash.move_to_trash(target)
    assert len(bytes(trashed.content)) < 100_000
    assert trashed.deleted_by is None
    assert trash.restore(trashed).row_count == trashed.row_count >= 2001
    assert PhotometryReducedDatum.objects.count() == 2000


def test_a_target_deleted_twice_is_deleted_once(cast, laden):
    again = Target.objects.get(pk=laden.pk)
    trash.move_to_trash(laden, user=cast.owner)
    with pytest.raises(Target.DoesNotExist):
        trash.move_to_trash(again, user=cast.owner)
    assert TrashedTarget.objects.count() == 1


def aged(days):
    trashed = trash.move_to_trash(SiderealTargetFactory(name=f"{days} days old"))
    TrashedTarget.objects.filter(pk=trashed.pk).update(deleted_at=timezone.now() - timedelta(days=days))
    return trashed


def test_only_what_was_kept_long_enough_expires(settings):
    settings.TOM_TRASH_DAYS = 30
    young, old = aged(29), aged(31)
    assert list(trash.expired()) == [old]
    assert trash.purge_expired() == (1, 0)
    assert list(TrashedTarget.objects.all()) == [young]


@pytest.mark.parametrize(
    ("arguments", "left", "said"),
    [
        ([], 1, "1 targets trashed over 30 days ago and 0 files were deleted for good."),
        (["--all"], 0, "2 trashed targets and 0 files were deleted for good."),
        (["--dry-run"], 2, "1 targets trashed over 30 days ago would be deleted for good."),
    ],
)
def test_the_command_empties_the_trash(capsys, arguments, left, said):
    aged(1)
    aged(40)
    call_command("empty_trash", *arguments)
    assert capsys.readouterr().out.strip() == said
    assert TrashedTarget.objects.count() == left


def test_what_goes_is_said_before(cast, laden):
    lines = trash.what_goes_with(laden)
    assert "30 photometry points" in lines
    assert "1 comment" in lines
    assert any("data product" in line for line in lines)
    assert not any("base target" in line for line in lines)
