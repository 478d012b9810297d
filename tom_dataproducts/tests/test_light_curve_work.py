"""Notes, searches for periods and dust go where their target goes: merges, the trash and back."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User

from tom_common.history.models import ChangeSet
from tom_common.history.revert import revert
from tom_dataproducts.models import GalacticDust, PeriodSearch, PointNote
from tom_targets.merge import merge_targets
from tom_targets.tests.factories import SiderealTargetFactory
from tom_targets.trash import move_to_trash, restore

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 8, 1, tzinfo=UTC)


@pytest.fixture
def user():
    return User.objects.create_superuser("pi")


def worked_on(user, name):
    target = SiderealTargetFactory(name=name)
    PointNote.objects.create(target=target, timestamp=NIGHT, band="r", text=f"note on {name}", user=user)
    PeriodSearch.objects.create(target=target, bands="g,r", min_period_d=0.1, user=user, result={"x": name})
    GalacticDust.objects.create(target=target, ra_deg=1.0, dec_deg=2.0, ebv_sf11_mag=0.1, ebv_sfd_mag=0.12)
    return target


def test_a_merge_keeps_one_search_and_one_dust_and_all_notes(user):
    first, second = worked_on(user, "first"), worked_on(user, "second")
    merge_targets(first, [second], user=user)
    assert sorted(first.point_notes.values_list("text", flat=True)) == ["note on first", "note on second"]
    assert [search.result for search in first.period_searches.all()] == [{"x": "first"}]
    assert GalacticDust.objects.count() == 1


def test_what_the_merged_target_lacks_moves_to_it(user):
    first, second = SiderealTargetFactory(name="first"), worked_on(user, "second")
    merge_targets(first, [second], user=user)
    assert first.period_searches.get().result == {"x": "second"}
    assert first.galactic_dust.ebv_sf11_mag == 0.1


def everything():
    """Give all rows of the three kinds, with the targets that they belong to."""
    notes = PointNote.objects.order_by("pk").values_list("pk", "target__name", "text", "user")
    searches = PeriodSearch.objects.order_by("pk").values_list("pk", "target__name", "bands", "result")
    return (
        list(notes),
        list(searches),
        sorted(GalacticDust.objects.values_list("target__name", "ebv_sfd_mag")),
    )


def test_a_reverted_merge_gives_each_its_own_again(user):
    first, second = worked_on(user, "first"), worked_on(user, "second")
    before = everything()
    merge_targets(first, [second], user=user)
    revert(ChangeSet.objects.get(kind="merge"), user)
    assert everything() == before


def test_they_come_back_from_the_trash_with_their_target(user):
    target = worked_on(user, "first")
    before = everything()
    trashed = move_to_trash(target, user=user)
    assert everything() == ([], [], [])
    restore(trashed)
    assert everything() == before
