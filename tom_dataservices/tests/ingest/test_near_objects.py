import pytest
from django.contrib.auth.models import User

from tom_common.grants import grant_access
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.ingest import IngestOptions
from tom_dataservices.ingest.run import ingest_batches
from tom_dataservices.tests.ingest.batches import alert, batch
from tom_targets.models import Target, TargetName
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db

POINT = {"mjd": 60000.0, "brightness": 18.0, "brightness_error": 0.1, "survey_id": 7}


@pytest.fixture
def old():
    return SiderealTargetFactory(
        name="SN 2023x", ra=150.1, dec=2.2001, permissions="PUBLIC"
    )  # 0.36 arcsec away


def ingested(**options):
    return ingest_batches([batch([alert("ZTF23a")], [POINT])], IngestOptions(**options))


def test_a_new_object_near_a_target_is_told_and_made_by_default(old):
    report = ingested()
    assert report.near_notes == ["ZTF23a is 0.36 arcsec from SN 2023x: both are kept"]
    assert Target.objects.count() == 2


def test_its_name_and_data_can_go_to_the_target_that_is_there(old):
    report = ingested(on_near="merge")
    assert report.new_targets == 0
    assert report.near == 1
    assert TargetName.objects.get(target=old).name == "ZTF23a"
    assert PhotometryReducedDatum.objects.get().target_id == old.pk
    again = ingested(on_near="merge")
    assert (again.new_data, again.near) == (0, 0)


def test_it_can_be_left_out(old):
    report = ingested(on_near="skip")
    assert report.near_notes == ["ZTF23a is 0.36 arcsec from SN 2023x: it is left out"]
    assert Target.objects.get() == old
    assert not PhotometryReducedDatum.objects.exists()


def test_a_dry_run_tells_and_changes_nothing(old):
    assert ingested(on_near="merge", dry_run=True).near == 1
    assert not TargetName.objects.exists()


def test_nothing_is_told_of_targets_that_one_may_not_see(old):
    Target.objects.update(permissions="PRIVATE")
    report = ingested(on_near="merge", user=User.objects.create_user("stranger"))
    assert (report.near, report.new_targets) == (0, 1)


def test_nothing_is_given_to_a_target_that_one_may_not_change(old):
    user = User.objects.create_user("stranger")
    report = ingested(on_near="merge", user=user)
    assert report.rejected == 1
    assert not TargetName.objects.exists()
    grant_access(user, old)
    assert ingested(on_near="merge", user=user).rejected == 0


def test_no_radius_asks_for_nothing(old, django_assert_num_queries):
    assert ingested(near_arcsec=0.0).near == 0
