"""The light curve as JSON and CSV: contents by hand, union of tables, who sees it, cost."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.urls import reverse

from tom_common.grants import grant_access
from tom_dataproducts.models import LightCurveSummary, PhotometryReducedDatum, ReducedDatum
from tom_dataproducts.selectors import light_curve_columns
from tom_dataproducts.tests.factories import PhotometryFactory
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 8, 1, 6, 0, tzinfo=UTC)  # MJD 61253.25


@pytest.fixture
def target():
    return SiderealTargetFactory(name="ZTF26aaaaaaa", permissions="OPEN")


def url(target, form="photometry"):
    return reverse(f"dataproducts:{form}", args=[target.pk])


def point(target, **fields):
    return PhotometryFactory(target=target, **({"timestamp": NIGHT, "bandpass": "r"} | fields))


def test_json_by_hand(client, target):
    day = timedelta(days=1)
    point(target, timestamp=NIGHT + 2 * day, brightness=16.4, brightness_error=0.1)
    point(target, bandpass="g", timestamp=NIGHT + day, brightness=None, brightness_error=None, limit=20.5)
    rubin = {"unit": "nJy", "source_name": "LSST", "telescope": "Rubin", "instrument": "LSSTCam"}
    point(target, brightness=10_000.0, brightness_error=500.0, **rubin)
    point(target, timestamp=NIGHT + 3 * day, brightness=-1000.0, brightness_error=1000.0 / 3, **rubin)
    point(
        target,
        timestamp=NIGHT + 4 * day,
        brightness=-2000.0,
        brightness_error=400.0,
        reduction_version="forced",
        **rubin,
    )
    response = client.get(url(target))
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response.json() == {
        "target": "ZTF26aaaaaaa",
        "count": 5,
        "bands": ["r", "g"],
        "sources": ["LSST", "ZTF"],
        "versions": ["", "forced"],
        "points": {
            "mjd": [61253.25, 61254.25, 61255.25, 61256.25, 61257.25],
            "band": [0, 1, 0, 0, 0],
            "source": [0, 1, 1, 0, 0],
            "version": [0, 0, 0, 0, 1],
            "kind": [0, 1, 0, 0, 2],
            "mag": [21.4, None, 16.4, None, None],  # 31.4 - 2.5 log10(10000)
            "mag_err": [0.054287, None, 0.1, None, None],  # 1.0857 * 500 / 10000
            # 31.4 - 2.5 log10(3 * 333.33) = 23.9; 31.4 - 2.5 log10(1200) = 23.702047
            "limit": [None, 20.5, None, 23.9, 23.702047],
            "flux": [10_000.0, None, 1_000_000.0, -1000.0, -2000.0],  # 10^((31.4 - 16.4) / 2.5)
            "flux_err": [500.0, None, 92103.4, 333.3333, 400.0],  # 1e6 * 0.1 * ln(10) / 2.5
            "negative": [0, 0, 0, 1, 1],
        },
    }


def test_negative_magnitude_is_flagged_and_its_flux_signed(client, target):
    point(target, brightness=16.4, brightness_error=0.1, value={"candid": "1", "negative": True})
    point(target, timestamp=NIGHT + timedelta(hours=1), value={"candid": "2", "negative": False})
    points = client.get(url(target)).json()["points"]
    assert points["negative"] == [1, 0]
    assert points["mag"][0] == 16.4
    assert points["flux"][0] == -1_000_000.0


@pytest.mark.parametrize(
    ("unit", "flux"), [("uJy", 5000.0), ("µJy", 5000.0), ("mJy", 5e6), ("Jy", 5e9), ("n Jy", 5.0)]
)
def test_flux_units(target, unit, flux):
    point(target, brightness=5.0, brightness_error=0.1, unit=unit)
    assert light_curve_columns(target).flux.tolist() == pytest.approx([flux])


def test_unknown_unit_gives_neither_magnitude_nor_flux(client, target):
    point(target, brightness=5.0, unit="counts")
    points = client.get(url(target)).json()["points"]
    assert (points["mag"], points["flux"]) == ([None], [None])


def test_magnitude_of_another_system_has_no_flux(client, target):
    point(target, brightness=15.0, unit="Vega mag")
    points = client.get(url(target)).json()["points"]
    assert (points["mag"], points["flux"]) == ([15.0], [None])


def test_union_of_typed_and_generic_rows_without_repetitions(client, target):
    def generic(days, **value):
        ReducedDatum.objects.create(
            target=target,
            data_type="photometry",
            timestamp=NIGHT + timedelta(days=days),
            source_name="Fink",
            value=value,
        )

    point(target, brightness=18.0)
    generic(0, magnitude=18.0, filter="r", error=0.1)  # the typed one
    generic(0, magnitude=18.0, filter="g")  # another band
    generic(1, mag="18.5", f="r", mag_err="0.2")
    generic(1, magnitude=18.5, filter="r", telescope="other")  # the one before, told otherwise
    generic(2, limit=20.0, band="r")
    generic(2, magnitude=20.0, band="r")  # a limit is no detection
    generic(3, note="no brightness")
    ReducedDatum.objects.create(target=target, data_type="photometry", timestamp=NIGHT, value=["list"])
    ReducedDatum.objects.create(target=target, data_type="other", timestamp=NIGHT, value={"magnitude": 1})
    points = client.get(url(target)).json()["points"]
    assert points["mag"] == [18.0, 18.0, 18.5, None, 20.0]
    assert points["limit"] == [None, None, None, 20.0, None]
    assert points["mag_err"][2] == 0.2


def test_empty_light_curve(client, target):
    assert client.get(url(target)).json()["points"]["mjd"] == []
    assert len(b"".join(client.get(url(target, "photometry-csv"))).splitlines()) == 1


def test_csv_by_hand(client, target):
    point(
        target,
        timestamp=NIGHT + timedelta(microseconds=86_401),
        brightness=16.4,
        brightness_error=0.1,
        source_name="=HYPERLINK(1)",
        bandpass="@r",
    )
    response = client.get(url(target, "photometry-csv"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="ztf26aaaaaaa-photometry.csv"'
    assert response.streaming
    header, row = csv.reader(io.StringIO(b"".join(response).decode()))
    assert header[:5] == ["mjd_utc [d]", "time_utc [ISO 8601]", "band", "kind", "mag [mag]"]
    assert dict(zip(header, row, strict=True)) == {
        "mjd_utc [d]": "61253.2500010",
        "time_utc [ISO 8601]": "2026-08-01T06:00:00.086401Z",
        "band": "'@r",
        "kind": "detection",
        "mag [mag]": "16.4",
        "mag_err [mag]": "0.1",
        "limit [mag]": "",
        "flux [nJy]": "1000000.0",
        "flux_err [nJy]": "92103.4",
        "negative": "0",
        "source": "'=HYPERLINK(1)",
        "telescope": "P48",
        "instrument": "ZTF",
    }


@pytest.mark.parametrize("form", ["photometry", "photometry-csv"])
class TestConditional:
    def test_unchanged_data_is_not_sent_again(self, client, target, form, django_assert_max_num_queries):
        point(target)
        first = client.get(url(target, form))
        assert first["ETag"]
        with django_assert_max_num_queries(2):
            again = client.get(url(target, form), headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304
        late = client.get(url(target, form), headers={"If-Modified-Since": first["Last-Modified"]})
        assert late.status_code == 304

    def test_every_write_changes_the_tag(self, client, target, form):
        row = point(target)
        tags = {client.get(url(target, form))["ETag"]}
        row.brightness = 17.0
        row.save()
        tags.add(client.get(url(target, form))["ETag"])
        PhotometryReducedDatum.objects.update(brightness=16.0)
        tags.add(client.get(url(target, form))["ETag"])
        target.name = "renamed"
        target.save()
        tags.add(client.get(url(target, form))["ETag"])
        assert len(tags) == 4

    def test_without_a_summary_nothing_is_kept(self, client, target, form):
        point(target)
        LightCurveSummary.objects.all().delete()
        assert "ETag" not in client.get(url(target, form))


@pytest.fixture
def people():
    users = {name: User.objects.create_user(name) for name in ("stranger", "member", "owner")}
    users["staff"] = User.objects.create_superuser("staff")
    users["anonymous"] = AnonymousUser()
    group = Group.objects.create(name="group")
    group.user_set.add(users["member"])
    return users, group


@pytest.mark.parametrize("form", ["photometry", "photometry-csv"])
@pytest.mark.parametrize(
    ("permissions", "admitted"),
    [
        ("OPEN", {"anonymous", "stranger", "member", "owner", "staff"}),
        ("PUBLIC", {"stranger", "member", "owner", "staff"}),
        ("PRIVATE", {"member", "owner", "staff"}),
    ],
)
def test_who_sees_a_target_sees_its_light_curve(client, people, form, permissions, admitted):
    users, group = people
    target = SiderealTargetFactory(permissions=permissions)
    grant_access(group, target)
    grant_access(users["owner"], target)
    point(target)
    seen = set()
    for name, user in users.items():
        if name == "anonymous":
            client.logout()
        else:
            client.force_login(user)
        response = client.get(url(target, form))
        assert response.status_code in (200, 404)
        if response.status_code == 200:
            seen.add(name)
    assert seen == admitted


def test_measurements_with_permissions_of_their_own(client, people, settings):
    settings.TARGET_PERMISSIONS_ONLY = False
    users, _ = people
    target = SiderealTargetFactory(permissions="PUBLIC")
    datum = ReducedDatum.objects.create(
        target=target, data_type="photometry", timestamp=NIGHT, value={"magnitude": 18, "filter": "r"}
    )
    grant_access(users["owner"], datum, ["view_reduceddatum"])
    counts = {}
    for name in ("stranger", "owner"):
        client.force_login(users[name])
        response = client.get(url(target))
        assert "ETag" not in response
        counts[name] = response.json()["count"]
    assert counts == {"stranger": 0, "owner": 1}


def test_ten_thousand_points(client, target, django_assert_max_num_queries):
    PhotometryReducedDatum.objects.bulk_create(
        PhotometryReducedDatum(
            target=target,
            timestamp=NIGHT + timedelta(minutes=number),
            bandpass="gri"[number % 3],
            brightness=18.0 + number % 7 / 10,
            brightness_error=0.05,
            unit="mag",
            value={"candid": str(number)},
            source_name="ZTF",
        )
        for number in range(10_000)
    )
    with django_assert_max_num_queries(4):
        response = client.get(url(target))
    content = response.json()
    assert content["count"] == 10_000
    assert {len(column) for column in content["points"].values()} == {10_000}
    assert len(response.content) < 700_000
    rows = b"".join(client.get(url(target, "photometry-csv"))).splitlines()
    assert len(rows) == 10_001


def test_compressed_answer_says_so(client, target):
    for number in range(100):
        point(target, timestamp=NIGHT + timedelta(minutes=number))
    response = client.get(url(target), headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert response.content[:2] == b"\x1f\x8b"
