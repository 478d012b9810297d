"""Alert batches become targets and data, once, with the rights that were asked for."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.storage import default_storage

from tom_common.grants import groups_with_access
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    DataProduct,
    LightCurveSummary,
    PhotometryReducedDatum,
)
from tom_dataservices.ingest import IngestOptions, ingest_batches
from tom_dataservices.models import RejectedPacket
from tom_dataservices.packets.batch import PointKind, Rejection
from tom_dataservices.tests.ingest.batches import alert, batch, cutouts
from tom_targets.models import Target, TargetExtra, TargetList, TargetName
from tom_targets.permissions import targets_for_user

pytestmark = pytest.mark.django_db

DETECTION = {
    "mjd": 60000.0,
    "brightness": 18.5,
    "brightness_error": 0.1,
    "survey_id": 2_000_000_000_000_000_001,
}
LIMIT = {"mjd": 59997.0, "kind": PointKind.LIMIT, "limit": 20.1, "band": 1}
FORCED = {
    "mjd": 60000.0,
    "kind": PointKind.FORCED,
    "brightness": -120.5,
    "brightness_error": 30.0,
    "is_flux": True,
}


def ingest(*batches, **options):
    return ingest_batches(list(batches), IngestOptions(**options))


def test_an_alert_becomes_a_target_with_its_facts():
    item = alert(
        "ZTF26aaaaaaa", aliases=("AT2026abc",), extras={"drb": 0.99, "candid": "2000000000000000001"}
    )
    report = ingest(batch([item], [DETECTION, LIMIT, FORCED]), permissions="OPEN", list_name="Tonight")
    target = Target.objects.get(name="ZTF26aaaaaaa")
    assert (target.ra, target.dec, target.type, target.permissions) == (150.1, 2.2, "SIDEREAL", "OPEN")
    assert target.sky_index is not None
    assert target.names == ["ZTF26aaaaaaa", "AT2026abc"]
    assert target.targetextra_set.get(key="drb").float_value == 0.99
    assert target.targetextra_set.get(key="candid").value == "2000000000000000001"
    assert list(TargetList.objects.get(name="Tonight").targets.all()) == [target]
    assert (report.received, report.new_targets, report.new_data, report.duplicates) == (1, 1, 3, 0)


def test_each_kind_of_point_is_one_row_of_its_own_kind():
    ingest(batch([alert("ZTF26aaaaaaa")], [DETECTION, LIMIT, FORCED]))
    limit, detection, forced = PhotometryReducedDatum.objects.order_by("timestamp", "reduction_version")
    assert (detection.brightness, detection.unit, detection.limit) == (18.5, "mag", None)
    assert detection.timestamp == datetime(2023, 2, 25, tzinfo=UTC)
    assert detection.value == {"candid": "2000000000000000001"}
    assert (limit.limit, limit.brightness, limit.bandpass) == (20.1, None, "r")
    assert (forced.brightness, forced.unit, forced.reduction_version) == (-120.5, "nJy", "forced")
    assert (forced.telescope, forced.instrument, forced.source_name) == ("P48", "ZTF", "ZTF")


def test_the_same_batch_again_changes_nothing():
    def make():
        item = alert("ZTF26aaaaaaa", extras={"drb": 0.5}, cutouts=cutouts())
        return batch([item], [DETECTION, LIMIT, FORCED])

    ingest(make())
    rows = [
        list(model.objects.order_by("pk").values()) for model in (Target, TargetExtra, PhotometryReducedDatum)
    ]
    files = list(DataProduct.objects.order_by("pk").values("pk", "data", "modified"))
    report = ingest(make())
    again = [
        list(model.objects.order_by("pk").values()) for model in (Target, TargetExtra, PhotometryReducedDatum)
    ]
    assert again == rows
    assert list(DataProduct.objects.order_by("pk").values("pk", "data", "modified")) == files
    assert (report.new_targets, report.new_data, report.duplicates) == (0, 0, 3)


def test_points_repeated_within_a_batch_count_once():
    objects = [alert("ZTF26aaaaaaa"), alert("ZTF26aaaaaaa", mjd=60001.0, alert_id="2")]
    later = {**DETECTION, "mjd": 60001.0, "survey_id": 2, "object_index": 1}
    report = ingest(batch(objects, [DETECTION, {**DETECTION, "object_index": 1}, later]))
    assert (report.new_data, report.duplicates) == (2, 1)
    assert Target.objects.count() == 1


def test_a_survey_number_tells_points_apart_that_share_time_and_band():
    other = {**DETECTION, "survey_id": 5, "brightness": 18.7}
    ingest(batch([alert("ZTF26aaaaaaa")], [DETECTION, other, {**FORCED, "brightness": 18.5}]))
    assert PhotometryReducedDatum.objects.count() == 3


def test_the_newest_packet_tells_the_facts_in_whatever_order_they_come():
    newer = alert("ZTF26aaaaaaa", mjd=60005.0, extras={"drb": 0.9})
    older = alert("ZTF26aaaaaaa", mjd=60001.0, extras={"drb": 0.1, "first": "kept"})
    ingest(batch([newer], []), batch([older], []))
    assert TargetExtra.objects.get(key="drb").float_value == 0.9
    assert not TargetExtra.objects.filter(key="first").exists()
    ingest(batch([alert("ZTF26aaaaaaa", mjd=60006.0, extras={"drb": 0.3})], []))
    assert TargetExtra.objects.get(key="drb").float_value == 0.3


def test_an_object_known_by_an_alias_adds_to_that_target():
    target = Target.objects.create(name="SN 2026abc", type="SIDEREAL", ra=150.1, dec=2.2)
    TargetName.objects.create(target=target, name="ZTF26aaaaaaa")
    report = ingest(batch([alert("ZTF26aaaaaaa")], [DETECTION]))
    assert report.new_targets == 0
    assert target.photometryreduceddatum_set.count() == 1


def test_a_moving_object_has_positions_as_astrometry():
    item = alert("2004 JQ12", is_sidereal=False, aliases=("42",))
    spots = [{**DETECTION, "ra_deg": 10.0, "dec_deg": -5.0}, {**FORCED, "ra_deg": 10.0, "dec_deg": -5.0}]
    report = ingest(batch([item], spots, survey="LSST"))
    target = Target.objects.get(name="2004 JQ12")
    assert (target.type, target.ra, target.sky_index) == ("NON_SIDEREAL", None, None)
    position = AstrometryReducedDatum.objects.get()
    assert (position.ra, position.dec) == (10.0, -5.0)
    assert position.value == {"diaSourceId": "2000000000000000001"}
    assert report.new_data == 3
    assert ingest(batch([item], spots, survey="LSST")).new_data == 0


def test_elements_of_a_moving_object_are_kept():
    orbit = {"scheme": "MPC_MINOR_PLANET", "semimajor_axis": 2.7, "eccentricity": 0.1}
    ingest(batch([alert("2004 JQ12", is_sidereal=False, orbit=orbit)], []))
    target = Target.objects.get()
    assert (target.scheme, target.semimajor_axis) == ("MPC_MINOR_PLANET", 2.7)


def test_groups_and_the_user_get_their_rights():
    user, member, stranger = (User.objects.create_user(name) for name in ("user", "member", "stranger"))
    group = Group.objects.create(name="observers")
    member.groups.add(group)
    ingest(batch([alert("ZTF26aaaaaaa")], []), user=user, group_ids=(group.pk,), permissions="PRIVATE")
    allowed = {
        (person.username, action): targets_for_user(person, Target.objects.all(), action).exists()
        for person in (user, member, stranger)
        for action in ("view_target", "change_target", "delete_target")
    }
    assert allowed == {
        ("user", "view_target"): True,
        ("user", "change_target"): True,
        ("user", "delete_target"): True,
        ("member", "view_target"): True,
        ("member", "change_target"): True,
        ("member", "delete_target"): False,
        ("stranger", "view_target"): False,
        ("stranger", "change_target"): False,
        ("stranger", "delete_target"): False,
    }
    assert list(groups_with_access(Target.objects.get(), "view_target")) == [group]


def test_a_user_adds_no_data_to_a_target_of_others():
    user = User.objects.create_user("user")
    Target.objects.create(name="ZTF26aaaaaaa", type="SIDEREAL", permissions="PUBLIC")
    objects = [alert("ZTF26aaaaaaa"), alert("ZTF26bbbbbbb", number=2)]
    report = ingest(batch(objects, [DETECTION, {**DETECTION, "object_index": 1}]), user=user)
    assert PhotometryReducedDatum.objects.get().target.name == "ZTF26bbbbbbb"
    assert (report.rejected, report.new_targets) == (1, 1)
    assert "ZTF26aaaaaaa is the name of a target that you may not change" in report.reasons[0]
    user.user_permissions.add(Permission.objects.get(codename="change_target"))
    report = ingest(batch(objects, [DETECTION]), user=User.objects.get(pk=user.pk))
    assert (report.rejected, report.new_data) == (0, 1)


def test_a_target_keeps_the_newest_cutouts_only():
    ingest(batch([alert("A", mjd=60001.0, alert_id="1", cutouts=cutouts(b"old"))], []))
    old_files = list(DataProduct.objects.values_list("data", flat=True))
    assert len(old_files) == 3
    with_new = batch([alert("A", mjd=60002.0, alert_id="2", cutouts=cutouts(b"newer"))], [])
    assert ingest(with_new).cutouts == 3
    assert {default_storage.size(product.data.name) for product in DataProduct.objects.all()} == {
        len(b"newer")
    }
    assert ingest(batch([alert("A", mjd=60001.0, alert_id="1", cutouts=cutouts(b"old"))], [])).cutouts == 0
    assert DataProduct.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_files_of_outdated_cutouts_are_deleted_after_the_commit():
    ingest(batch([alert("A", mjd=60001.0, alert_id="1", cutouts=cutouts(b"old"))], []))
    old_files = list(DataProduct.objects.values_list("data", flat=True))
    ingest(batch([alert("A", mjd=60002.0, alert_id="2", cutouts=cutouts(b"newer"))], []))
    assert [default_storage.exists(name) for name in old_files] == [False, False, False]


def test_all_cutouts_are_kept_when_asked_for():
    objects = [alert("A", mjd=60000.0 + day, alert_id=str(day), cutouts=cutouts()) for day in range(3)]
    assert ingest(batch(objects, []), all_cutouts=True).cutouts == 9


def test_a_rejected_packet_is_kept_aside_once_and_the_rest_goes_in():
    bad = Rejection("bad.avro", 3, "the packet ends in the middle of candidate.ra", b"Obj\x01")
    first = batch([alert("A")], [DETECTION], rejected=[bad], received=2)
    report = ingest(first)
    assert (report.received, report.rejected, report.new_targets) == (2, 1, 1)
    assert report.reasons == ["bad.avro packet 3: the packet ends in the middle of candidate.ra"]
    kept = RejectedPacket.objects.get()
    assert (kept.file, kept.number, bytes(kept.content)) == ("bad.avro", 3, b"Obj\x01")
    ingest(batch([alert("A")], [DETECTION], rejected=[bad], received=2))
    assert RejectedPacket.objects.count() == 1


def test_a_dry_run_counts_and_changes_nothing():
    two = [batch([alert("A")], [DETECTION]), batch([alert("A")], [DETECTION, LIMIT])]
    report = ingest(*two, dry_run=True)
    assert (report.new_targets, report.new_data, report.duplicates) == (1, 2, 1)
    assert not Target.objects.exists()
    assert not PhotometryReducedDatum.objects.exists()


def test_the_summary_of_the_light_curve_is_fresh_afterwards():
    ingest(batch([alert("A")], [DETECTION, LIMIT]))
    summary = LightCurveSummary.objects.get()
    assert not summary.is_stale
    assert (summary.point_count, summary.detection_count, summary.last_mag) == (2, 1, 18.5)


def test_an_interrupted_ingest_is_completed_by_a_second_run():
    three = [
        batch([alert(name)], [{**DETECTION, "survey_id": number}]) for number, name in enumerate("ABC", 1)
    ]

    def stop_after_two(report):
        if report.batches == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest_batches(three, IngestOptions(), on_progress=stop_after_two)
    assert Target.objects.count() == 2
    report = ingest(*three)
    assert (report.new_targets, report.new_data, report.duplicates) == (1, 1, 2)


def test_new_targets_are_announced_to_the_hook(django_capture_on_commit_callbacks, settings):
    settings.HOOKS = {"target_post_save": "tom_dataservices.tests.ingest.test_ingest_batches.remember"}
    REMEMBERED.clear()
    with django_capture_on_commit_callbacks(execute=True):
        ingest(batch([alert("A"), alert("B")], []))
    assert sorted(REMEMBERED) == [("A", True), ("B", True)]


REMEMBERED: list[tuple[str, bool]] = []


def remember(target, created):
    REMEMBERED.append((target.name, created))


def test_an_unknown_visibility_is_refused():
    with pytest.raises(ValueError, match="SECRET; expected OPEN|'SECRET'"):
        IngestOptions(permissions="SECRET")


def test_magnitudes_of_another_system_say_so():
    ingest(batch([alert("A")], [DETECTION], magnitude_system="Vega"))
    assert PhotometryReducedDatum.objects.get().unit == "mag (Vega)"
