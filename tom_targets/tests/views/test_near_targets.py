import pytest
from django.urls import reverse

from tom_common.grants import grant_access
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def old():
    return SiderealTargetFactory(name="SN 2026A", ra=10.0, dec=-5.0, permissions="PUBLIC")


def typed(**more):
    rows = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0", "MIN_NUM_FORMS": "0", "MAX_NUM_FORMS": "1000"}
    formsets = {
        f"{prefix}-{key}": value for prefix in ("aliases", "targetextra_set") for key, value in rows.items()
    }
    return {
        "name": "ZTF26new",
        "type": "SIDEREAL",
        "ra": "10.0003",
        "dec": "-5.0",
        "permissions": "PUBLIC",
        **formsets,
        **more,
    }


def test_a_near_target_is_shown_with_its_distance_before_anything_is_stored(old, cast, client_of):
    page = client_of(cast.owner).post(reverse("targets:create"), typed())
    text = page.content.decode()
    assert page.status_code == 200
    assert "Is it one of these?" in text
    assert "SN 2026A" in text
    assert "1.08″ away" in text  # 0.0003 deg times cos(5 deg)
    assert Target.objects.count() == 1


def test_it_can_be_added_anyway(old, cast, client_of):
    page = client_of(cast.owner).post(reverse("targets:create"), typed(near="create"))
    assert page.status_code == 302
    assert set(Target.objects.values_list("name", flat=True)) == {"SN 2026A", "ZTF26new"}


def test_its_name_can_be_given_to_the_target_that_is_there(old, cast, client_of):
    grant_access(cast.owner, old)
    alias = {"aliases-TOTAL_FORMS": "1", "aliases-0-name": "Gaia26x"}
    page = client_of(cast.owner).post(reverse("targets:create"), typed(near=str(old.pk), **alias))
    assert page.url == old.get_absolute_url()
    assert set(old.aliases.values_list("name", flat=True)) == {"ZTF26new", "Gaia26x"}
    assert Target.objects.count() == 1


def test_a_target_that_one_may_not_change_gets_no_names(old, cast, client_of):
    client = client_of(cast.stranger)
    assert "add only the name" not in client.post(reverse("targets:create"), typed()).content.decode()
    assert client.post(reverse("targets:create"), typed(near=str(old.pk))).status_code == 403
    assert not old.aliases.exists()


def test_a_target_that_one_may_not_see_is_neither_shown_nor_in_the_way(cast, client_of):
    SiderealTargetFactory(name="hidden", ra=10.0, dec=-5.0, permissions="PRIVATE")
    page = client_of(cast.stranger).post(reverse("targets:create"), typed())
    assert page.status_code == 302
    assert Target.objects.filter(name="ZTF26new").exists()


def test_a_target_far_away_asks_nothing(old, cast, client_of):
    page = client_of(cast.owner).post(reverse("targets:create"), typed(ra="10.1"))
    assert page.status_code == 302
