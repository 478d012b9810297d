"""Exports of measurements: read back by astropy, pyarrow and our own reader; who gets what; memory."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from django.contrib.auth.models import User
from django.urls import reverse

from tom_common.astro.time import datetime_to_unix_us
from tom_dataproducts.exports import KINDS, WRITERS, Export
from tom_dataproducts.formats import read_photometry
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
)
from tom_dataproducts.tests.factories import PhotometryFactory
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_targets.models import Target, TargetList
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 8, 1, 6, 0, 0, 123457, tzinfo=UTC)  # MJD 61253.25


def point(target, **fields):
    return PhotometryFactory(target=target, **({"timestamp": NIGHT, "bandpass": "r"} | fields))


@pytest.fixture
def target():
    found = SiderealTargetFactory(name='SN "2026", <a>', permissions="OPEN")
    day = timedelta(days=1)
    point(found, brightness=16.4, brightness_error=0.1, exposure_time=30.0, source_name="é, ZTF")
    point(found, timestamp=NIGHT + day, brightness=None, brightness_error=None, limit=20.5)
    rubin = {"unit": "nJy", "telescope": "Rubin", "instrument": "LSSTCam", "source_name": "LSST"}
    point(found, timestamp=NIGHT + 2 * day, brightness=-1234.5678901, brightness_error=333.25, **rubin)
    point(found, timestamp=NIGHT + 3 * day, brightness=None, brightness_error=None, limit=900.5, **rubin)
    forced = {"reduction_version": "forced", "bandpass": "g"}
    point(found, timestamp=NIGHT + 4 * day, brightness=17.25, unit="mag (Vega)", **forced)
    point(found, timestamp=NIGHT + 5 * day, brightness=15.0, value={"negative": True})
    point(
        found, timestamp=NIGHT + 6 * day, brightness=0.0015, brightness_error=1e-4, **{**rubin, "unit": "mJy"}
    )
    return found


def fetched(client, target, **query):
    answer = client.get(reverse("dataproducts:target-export", args=[target.pk]), query)
    assert answer.status_code == 200
    assert answer.streaming
    return b"".join(answer)


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_csv_by_hand(client, target):
    rows = rows_of(fetched(client, target, kind="photometry", format="csv"))
    assert len(rows) == 7
    assert rows[0]["target"] == 'SN "2026", <a>'
    assert rows[0]["time_utc"] == "2026-08-01T06:00:00.123457Z"
    assert float(rows[0]["mjd_utc"]) == pytest.approx(61253.25 + 0.123457 / 86400, abs=1e-9)
    assert (rows[0]["magnitude"], rows[0]["magnitude_error"], rows[0]["magnitude_system"]) == (
        "16.4",
        "0.1",
        "AB",
    )
    assert (rows[0]["exposure_s"], rows[0]["source"], rows[0]["flux_njy"]) == ("30.0", "é, ZTF", "")
    assert (rows[1]["kind"], rows[1]["limit"], rows[1]["magnitude"]) == ("limit", "20.5", "")
    assert (rows[2]["flux_njy"], rows[2]["magnitude"]) == ("-1234.5678901", "")
    assert rows[3]["flux_limit_njy"] == "900.5"
    assert (rows[4]["kind"], rows[4]["magnitude_system"]) == ("forced", "Vega")
    assert rows[5]["negative"] == "1"
    assert float(rows[6]["flux_njy"]) == pytest.approx(1500.0)  # 0.0015 mJy
    assert rows[6]["stored_unit"] == "mJy"


def test_no_cell_of_a_csv_is_a_formula(client):
    target = SiderealTargetFactory(name="=cmd()", permissions="OPEN")
    point(target, bandpass="+r", source_name="@SUM(1)", brightness=-1.0)
    row = rows_of(fetched(client, target, format="csv"))[0]
    assert (row["target"], row["band"], row["source"]) == ("'=cmd()", "'+r", "'@SUM(1)")
    assert row["magnitude"] == "-1.0"  # a number is none


def stored_points(target):
    """Give the points of a target as the reader gives those of a file, fluxes in nJy."""
    rows = []
    for row in PhotometryReducedDatum.objects.filter(target=target).order_by("timestamp"):
        scale = {"mJy": 1e6}.get(row.unit, 1.0)
        values = [None if v is None else v * scale for v in (row.brightness, row.brightness_error, row.limit)]
        unit = row.unit if "mag" in row.unit else "nJy"
        labels = (row.bandpass, unit, row.telescope, row.instrument, row.source_name, row.reduction_version)
        is_negative = bool((row.value or {}).get("negative"))
        rows.append((datetime_to_unix_us(row.timestamp), *values, *labels, is_negative, row.exposure_time))
    return rows


def read_points(content):
    table = read_photometry(io.BytesIO(content), "export")
    assert table.errors == []
    assert table.left_out == 0
    columns = [
        table.time_us, table.brightness, table.error, table.limit, table.band, table.unit, table.telescope,
        table.instrument, table.source, table.reduction_version, table.negative, table.exposure_s,
    ]  # fmt: skip
    return [tuple(row) for row in zip(*(list(column) for column in columns), strict=True)]


@pytest.mark.parametrize("form", ["csv", "ecsv", "votable"])
def test_what_was_exported_is_read_back_as_the_same_points(client, target, form):
    found = read_points(fetched(client, target, kind="photometry", format=form))
    expected = stored_points(target)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        for got, wanted in zip(ours, theirs, strict=True):
            if wanted is None:
                assert np.isnan(got)
            elif isinstance(wanted, float):
                assert got == pytest.approx(wanted, rel=1e-12)
            else:
                assert got == wanted


def test_ecsv_and_votable_tell_units_time_scale_and_system(client, target):
    ecsv = Table.read(fetched(client, target, format="ecsv").decode(), format="ascii.ecsv")
    assert len(ecsv) == 7
    assert str(ecsv["flux_njy"].unit) == "nJy"
    assert str(ecsv["magnitude"].unit) == "mag"
    assert ecsv.meta["time_scale"] == "UTC"
    assert "AB" in ecsv.meta["magnitude_system"]
    assert ecsv["target"][0] == 'SN "2026", <a>'
    content = fetched(client, target, format="votable")
    votable = Table.read(io.BytesIO(content), format="votable")
    assert str(votable["flux_njy"].unit) == "nJy"
    assert votable["flux_njy"][2] == -1234.5678901
    assert bool(votable["flux_njy"].mask[0])
    assert b'timescale="UTC"' in content


def test_json_and_parquet_hold_the_same(client, target):
    told = json.loads(fetched(client, target, format="json"))
    assert told["meta"]["time_scale"] == "UTC"
    assert [one["unit"] for one in told["meta"]["columns"] if one["name"] == "exposure_s"] == ["s"]
    assert told["rows"][2]["flux_njy"] == -1234.5678901
    assert told["rows"][0]["flux_njy"] is None
    table = pq.read_table(io.BytesIO(fetched(client, target, format="parquet")))
    assert table.schema.metadata[b"time_scale"] == b"UTC"
    assert table.schema.field("magnitude").metadata[b"unit"] == b"mag"
    assert table.to_pylist() == told["rows"]


def test_spectra_with_samples_and_as_references(client, target):
    spectrum = SpectroscopyReducedDatum(
        target=target, timestamp=NIGHT, wavelength=[4000.0, 5000.5], flux=[1e-15, 2e-15],
        error=[1e-16, 2e-16], wavelength_unit="Angstrom", flux_unit="erg/cm2/s/A", telescope="FTN",
        exposure_time=900.0,
    )  # fmt: skip
    spectrum.save()
    ReducedDatum.objects.create(
        target=target,
        data_type="spectroscopy",
        timestamp=NIGHT,
        value={"flux": [1.0, 2.0, 3.0], "wavelength": [1.0, 2.0, 3.0], "wavelength_units": "um"},
    )
    rows = json.loads(fetched(client, target, kind="spectroscopy", format="json"))["rows"]
    assert [row["samples"] for row in rows] == [2, 3]
    assert rows[0]["wavelength"] == [4000.0, 5000.5]
    assert rows[0]["flux_error"] == [1e-16, 2e-16]
    assert (rows[1]["wavelength_unit"], rows[1]["wavelength_max"]) == ("um", 3.0)
    ecsv = Table.read(
        fetched(client, target, kind="spectroscopy", format="ecsv").decode(), format="ascii.ecsv"
    )
    assert list(ecsv["flux"][0]) == [1e-15, 2e-15]
    votable = Table.read(io.BytesIO(fetched(client, target, kind="spectroscopy", format="votable")))
    assert list(votable["wavelength"][1]) == [1.0, 2.0, 3.0]
    parquet = pq.read_table(io.BytesIO(fetched(client, target, kind="spectroscopy", format="parquet")))
    assert parquet.to_pylist()[0]["flux"] == [1e-15, 2e-15]
    references = rows_of(fetched(client, target, kind="spectroscopy", format="csv"))
    assert "flux" not in references[0]
    assert references[0]["exposure_s"] == "900.0"
    short = json.loads(fetched(client, target, kind="spectroscopy", format="json", samples="0"))["rows"]
    assert "flux" not in short[0]


def test_positions(client, target):
    AstrometryReducedDatum.objects.create(
        target=target, timestamp=NIGHT, ra=10.5, dec=-20.25, ra_error=0.1, ra_error_units="arcsec"
    )
    table = Table.read(
        fetched(client, target, kind="astrometry", format="ecsv").decode(), format="ascii.ecsv"
    )
    assert (table["ra"][0], table["dec"][0], str(table["ra"].unit)) == (10.5, -20.25, "deg")
    assert table["ra_error_unit"][0] == "arcsec"
    assert table.meta["frame"] == "ICRS"


def test_generic_photometry_is_joined_as_in_the_light_curve(client, target):
    ReducedDatum.objects.create(
        target=target, data_type="photometry", timestamp=NIGHT, value={"magnitude": 16.4, "filter": "r"}
    )  # is there already
    ReducedDatum.objects.create(
        target=target, data_type="Photometry", timestamp=NIGHT, value={"magnitude": 18.4, "filter": "z"}
    )
    rows = rows_of(fetched(client, target, format="csv"))
    assert len(rows) == 8
    assert [row["magnitude"] for row in rows if row["band"] == "z"] == ["18.4"]
    assert [row["exposure_s"] for row in rows if row["magnitude"] == "16.4"] == ["30.0"]


def test_superseded_points_are_left_out_unless_asked_for(client):
    target = SiderealTargetFactory(permissions="OPEN")
    point(target, brightness=18.0, reduction_version="v1")
    point(target, brightness=18.1, reduction_version="v2")
    point(target, brightness=19.0, bandpass="g")
    assert [row["magnitude"] for row in rows_of(fetched(client, target, format="csv"))] == ["18.1", "19.0"]
    everything = rows_of(fetched(client, target, format="csv", superseded="1"))
    assert sorted(row["magnitude"] for row in everything) == ["18.0", "18.1", "19.0"]


def test_a_unit_that_is_neither_magnitude_nor_flux_is_not_lost(client):
    target = SiderealTargetFactory(permissions="OPEN")
    point(target, brightness=5.5, brightness_error=0.5, unit="counts")
    row = rows_of(fetched(client, target, format="csv"))[0]
    assert (row["stored_unit"], row["other_brightness"], row["other_error"]) == ("counts", "5.5", "0.5")
    assert (row["magnitude"], row["flux_njy"]) == ("", "")


@pytest.mark.parametrize("form", list(WRITERS))
@pytest.mark.parametrize("kind", list(KINDS))
def test_an_empty_export_is_a_valid_file(client, form, kind):
    target = SiderealTargetFactory(permissions="OPEN")
    content = fetched(client, target, kind=kind, format=form)
    if form == "json":
        assert json.loads(content)["rows"] == []
    elif form == "parquet":
        assert pq.read_table(io.BytesIO(content)).num_rows == 0
    elif form == "csv":
        assert rows_of(content) == []
    else:
        reader = {"ecsv": "ascii.ecsv", "votable": "votable"}[form]
        assert len(Table.read(io.BytesIO(content), format=reader)) == 0


@pytest.mark.parametrize(
    ("query", "word"), [({"format": "xls"}, "xls"), ({"format": "csv", "kind": "x"}, "'x'")]
)
def test_what_is_not_there_is_refused_in_words(client, target, query, word):
    answer = client.get(reverse("dataproducts:target-export", args=[target.pk]), query)
    assert answer.status_code == 400
    assert word in answer.content.decode()


def test_without_pyarrow_parquet_is_not_offered_and_explains_itself(client, target, monkeypatch):
    monkeypatch.setattr("tom_dataproducts.exports.writers.importlib.util.find_spec", lambda name: None)
    url = reverse("dataproducts:target-export", args=[target.pk])
    page = client.get(url).content.decode()
    assert 'value="parquet"' not in page
    assert "does not have the package pyarrow" in page
    answer = client.get(url, {"format": "parquet"})
    assert answer.status_code == 400
    assert "pyarrow" in answer.content.decode()


def test_a_list_a_search_and_a_selection_are_exported(client, target):
    other = SiderealTargetFactory(name="other", permissions="OPEN")
    point(other, bandpass="i")
    hidden = SiderealTargetFactory(name="hidden", permissions="PRIVATE")
    point(hidden, bandpass="z")
    user = User.objects.create_user("observer")
    client.force_login(user)
    chosen = TargetList.objects.create(name="chosen")
    chosen.targets.add(other, hidden)
    url = reverse("dataproducts:export")

    def bands(answer):
        return {row["band"] for row in rows_of(b"".join(answer))}

    assert bands(client.get(url, {"format": "csv"})) == {"g", "r", "i"}
    assert bands(client.get(url, {"format": "csv", "name": "other"})) == {"i"}
    ticked = {"selected-target": [target.pk, hidden.pk], "format": "csv", "kind": "photometry"}
    assert bands(client.post(url, ticked)) == {"g", "r"}
    page = client.post(url, {"selected-target": [other.pk], "export": "csv"}).content.decode()
    assert f'<input type="hidden" name="selected-target" value="{other.pk}">' in page
    assert "1 target" in page
    page = client.get(url, {"name": "other"}).content.decode()
    assert '<input type="hidden" name="name" value="other">' in page


def test_a_filter_that_is_not_understood_leads_to_the_list(client):
    answer = client.get(reverse("dataproducts:export"), {"format": "csv", "cone_search": "nonsense"})
    assert answer.status_code == 302
    assert "cone_search=nonsense" in answer["Location"]


@pytest.mark.parametrize("permissions", ["OPEN", "PUBLIC", "PRIVATE"])
def test_who_sees_a_target_may_export_it(client, people, permissions):
    target = shared_target(people, permissions)
    point(target)
    for name, user in people[0].items():
        as_user(client, user)
        is_seen = name in ADMITTED[permissions]
        url = reverse("dataproducts:target-export", args=[target.pk])
        assert client.get(url).status_code == (200 if is_seen else 404), name
        assert client.get(url, {"format": "csv"}).status_code == (200 if is_seen else 404), name
        rows = rows_of(b"".join(client.get(reverse("dataproducts:export"), {"format": "csv"})))
        assert len(rows) == is_seen, name


def test_measurements_with_permissions_of_their_own_are_left_out(client, people, settings):
    settings.TARGET_PERMISSIONS_ONLY = False
    target = shared_target(people, "OPEN")
    ReducedDatum.objects.create(
        target=target, data_type="photometry", timestamp=NIGHT, value={"magnitude": 18.4, "filter": "z"}
    )
    as_user(client, people[0]["stranger"])
    assert rows_of(fetched(client, target, format="csv")) == []
    as_user(client, people[0]["staff"])
    assert len(rows_of(fetched(client, target, format="csv"))) == 1


def test_many_targets_cost_few_queries(django_assert_max_num_queries):
    user = User.objects.create_superuser("staff")
    for number in range(20):
        point(SiderealTargetFactory(), bandpass="gr"[number % 2])
    with django_assert_max_num_queries(5):
        export = Export(Target.objects.all(), user=user, kind="photometry")
        assert sum(len(batch["band"]) for batch in export.batches()) == 20


@pytest.mark.parametrize("form", list(WRITERS))
def test_memory_does_not_grow_with_the_number_of_points(form, monkeypatch):
    monkeypatch.setattr("tom_dataproducts.exports.rows._ROWS", 400)
    target = SiderealTargetFactory()

    def peak_mb(count):
        PhotometryReducedDatum.objects.all().delete()
        rows = [
            PhotometryReducedDatum(
                target_id=target.pk,
                timestamp=NIGHT + timedelta(minutes=number),
                bandpass="r",
                brightness=18.0,
            )
            for number in range(count)
        ]
        PhotometryReducedDatum.objects.bulk_create(rows, batch_size=2000)
        del rows
        export = Export(Target.objects.all(), user=User(is_superuser=True), kind="photometry")
        tracemalloc.start()
        try:
            size = sum(len(chunk) for chunk in WRITERS[form].write(export))
            return tracemalloc.get_traced_memory()[1] / 1e6, size
        finally:
            tracemalloc.stop()

    peak_mb(100)
    (few, few_bytes), (many, many_bytes) = peak_mb(4000), peak_mb(12_000)
    assert many_bytes > 2 * few_bytes
    assert many < few * 1.3  # the table of contents of a Parquet file grows
