import gzip
import io
import json
import tarfile
from collections import Counter

import fastavro
import numpy as np
import pytest
from astropy.io import fits

from tests.shared_data import shared_data_dir
from tom_alerts.simulation.night import mjd_of_night
from tom_alerts.simulation.packets import (
    PacketEncoder,
    avro_long,
    container_block,
    container_head,
    write_archive,
)
from tom_alerts.simulation.records import candidate_record, forced_record, previous_record
from tom_alerts.simulation.schema import alert_schema, alert_schema_json, record_schema

from .conftest import NIGHT


def same(found, wanted):
    """Values of a record are equal, those of Avro's 32-bit floats to their precision."""
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        expected = pytest.approx(value, rel=1e-6, abs=1e-12) if isinstance(value, float) else value
        assert found[name] == expected, name


def test_schema_is_that_of_a_real_packet():
    sample = shared_data_dir() / "data" / "alerts" / "ztf" / "ztf_v4.02_2695378462115010012.avro"
    with sample.open("rb") as stream:
        real = json.loads(fastavro.reader(stream).metadata["avro.schema"])
    forms = [
        fastavro.schema.to_parsing_canonical_form(fastavro.parse_schema(schema))
        for schema in (real, alert_schema())
    ]
    assert forms[0] == forms[1]
    assert '"doc"' not in alert_schema_json()


def test_schema_has_the_known_numbers_of_fields():
    assert [len(record_schema(name)["fields"]) for name in ("candidate", "prv_candidate", "fp_hist")] == [
        103,
        57,
        29,
    ]
    with pytest.raises(KeyError):
        record_schema("nothing")


@pytest.mark.parametrize("value", [0, -1, 1, 63, -64, 64, 2**31, -(2**31), 2**63 - 1, -(2**63)])
def test_long_is_encoded_as_fastavro_does(value):
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, "long", value)
    assert avro_long(value) == buffer.getvalue()


def test_packets_read_back_what_was_simulated(survey, alerts):
    histories = {history.source.name: history for history in survey.histories}
    for alert in alerts[::15]:
        history = histories[alert["objectId"]]
        row = int(np.flatnonzero(history.alert_number == alert["candid"])[0])
        same(alert["candidate"], candidate_record(history, row))
        before = history.rows_before(row)
        previous = alert["prv_candidates"] or []
        assert len(previous) == len(before)
        for item, earlier in zip(previous, before, strict=True):
            same(item, previous_record(history, earlier))
        for item, earlier in zip(alert["fp_hists"] or [], before[::-1], strict=True):
            same(item, forced_record(history, earlier))


def test_packets_say_that_they_are_simulated(alerts):
    assert all("Simulated" in alert["publisher"] and alert["schemavsn"] == "4.02" for alert in alerts)
    assert all(alert["objectId"].startswith("SIM26") for alert in alerts)
    assert {alert["candidate"]["programpi"] for alert in alerts} == {"Simulated"}


def test_alert_numbers_are_unique_have_19_digits_and_name_the_file(files, alerts):
    numbers = [alert["candid"] for alert in alerts]
    assert len(set(numbers)) == len(numbers)
    assert all(len(str(number)) == 19 and number < 2**63 for number in numbers)
    assert [f"{number}.avro" for number in numbers] == list(files)
    assert all(alert["candidate"]["candid"] == alert["candid"] for alert in alerts)
    # Real numbers end the image number in 15: none of ours can be real.
    assert {number // 10**6 % 100 for number in numbers} == {99}


def test_all_detections_of_all_objects_differ_in_number(survey):
    numbers = np.concatenate([history.alert_number[history.detections] for history in survey.histories])
    assert len(np.unique(numbers)) == len(numbers)


def test_history_lies_within_30_days_before_the_alert(alerts):
    lengths = []
    for alert in alerts:
        jd = alert["candidate"]["jd"]
        for item in (alert["prv_candidates"] or []) + (alert["fp_hists"] or []):
            assert 0 < jd - item["jd"] <= 30.000001
        lengths.append(len(alert["prv_candidates"] or []))
    assert 10 < np.median(lengths) < 30


def test_previous_points_agree_between_packets(alerts):
    seen = {}
    for alert in alerts:
        for item in alert["prv_candidates"] or []:
            assert seen.setdefault((alert["objectId"], item["jd"]), item) == item
    for alert in alerts:
        earlier = seen.get((alert["objectId"], alert["candidate"]["jd"]))
        if earlier is not None:
            assert earlier["candid"] == alert["candid"]
            assert all(alert["candidate"][name] == value for name, value in earlier.items())


def test_every_detection_is_an_alert_or_in_the_history_of_one(survey, alerts):
    told = {alert["candid"] for alert in alerts}
    told |= {item["candid"] for alert in alerts for item in alert["prv_candidates"] or []}
    for history in survey.histories:
        assert set(history.alert_number[history.detections].tolist()) <= told


def test_limits_have_no_magnitude_and_no_position(alerts):
    limits = [item for alert in alerts for item in alert["prv_candidates"] or [] if item["candid"] is None]
    assert len(limits) > 1000
    for item in limits:
        assert [item[name] for name in ("magpsf", "sigmapsf", "isdiffpos", "ra", "dec")] == [None] * 5
        assert 17.5 < item["diffmaglim"] < 21.8


def test_detections_are_above_five_sigma(alerts):
    for alert in alerts:
        found = alert["candidate"]
        assert found["sigmapsf"] <= 1.0858 / 5 + 1e-6
        assert found["magpsf"] < found["diffmaglim"] + 1e-3
        assert found["isdiffpos"] in ("t", "f")


def test_forced_flux_gives_the_magnitude_of_the_detection(alerts):
    compared = 0
    for alert in alerts[::10]:
        detected = {item["jd"]: item for item in alert["prv_candidates"] or [] if item["candid"]}
        for item in alert["fp_hists"] or []:
            found = detected.get(item["jd"])
            if found is None or item["procstatus"] != "0":
                continue
            flux = item["forcediffimflux"]
            assert item["magzpsci"] - 2.5 * np.log10(abs(flux)) == pytest.approx(found["magpsf"], abs=1e-3)
            assert (flux > 0) == (found["isdiffpos"] == "t")
            compared += 1
    assert compared > 200


def test_failed_forced_points_are_marked(alerts):
    statuses = Counter(item["procstatus"] for alert in alerts for item in alert["fp_hists"] or [])
    assert 0 < statuses["56"] < 0.03 * statuses["0"]
    failed = [item for alert in alerts for item in alert["fp_hists"] or [] if item["procstatus"] == "56"]
    assert {item["forcediffimflux"] for item in failed} == {-99999.0}


def test_packets_come_in_the_order_of_their_exposures_and_end_in_the_night(alerts):
    times = [alert["candidate"]["jd"] - 2400000.5 for alert in alerts]
    assert times == sorted(times)
    assert mjd_of_night(NIGHT) - 60 <= times[0]
    assert mjd_of_night(NIGHT) < times[-1] < mjd_of_night(NIGHT) + 1


def test_moving_objects_move_and_name_themselves(survey, alerts):
    moving = {fact.name: fact for fact in survey.objects if fact.elements}
    for name, fact in moving.items():
        found = [alert for alert in alerts if alert["objectId"] == name]
        assert len(found) == fact.detections
        assert {alert["candidate"]["ssnamenr"] for alert in found} == {fact.designation}
        assert all(
            0 <= alert["candidate"]["ssdistnr"] < 1.5 and alert["prv_candidates"] is None for alert in found
        )
        assert np.ptp([alert["candidate"]["dec"] for alert in found]) > 0.05
    static = next(alert for alert in alerts if alert["objectId"] not in moving)
    assert (static["candidate"]["ssdistnr"], static["candidate"]["ssnamenr"]) == (-999.0, "null")


def test_only_the_newest_packet_of_an_object_has_images(alerts):
    newest = {alert["objectId"]: alert["candid"] for alert in alerts}
    for alert in alerts:
        has_images = alert["cutoutScience"] is not None
        assert has_images == (newest[alert["objectId"]] == alert["candid"])
        assert (alert["cutoutTemplate"] is None) == (alert["cutoutDifference"] is None) == (not has_images)


def read_stamp(stamp):
    assert stamp["fileName"].endswith(".fits.gz")
    with fits.open(io.BytesIO(gzip.decompress(stamp["stampData"]))) as hdus:
        assert hdus[0].header["ORIGIN"] == "SIMULATED"
        return np.asarray(hdus[0].data, dtype=float)


def test_images_show_the_object_in_the_middle_as_bright_as_the_alert_says(alerts):
    compared = 0
    grid = np.hypot(*np.mgrid[-31:32, -31:32])
    for alert in alerts:
        found = alert["candidate"]
        if alert["cutoutScience"] is None or found["magpsf"] > 17.5 or found["magnr"] < 16:
            continue
        science, reference, difference = (
            read_stamp(alert[name]) for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference")
        )
        assert science.shape == reference.shape == difference.shape == (63, 63)
        flux = (difference - np.median(difference[grid > 12]))[grid < 7].sum()
        wanted = 10 ** (0.4 * (found["magzpsci"] - found["magpsf"])) * (
            1 if found["isdiffpos"] == "t" else -1
        )
        assert flux == pytest.approx(wanted, rel=0.15)
        compared += 1
    assert compared > 10


def test_archive_is_a_tar_of_packets_at_top_level(tmp_path, files):
    some = dict(list(files.items())[:7])
    for name in ("night.tar.gz", "again.tar.gz"):
        assert write_archive(some.items(), tmp_path / name) == 7
    assert (tmp_path / "night.tar.gz").read_bytes() == (tmp_path / "again.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "night.tar.gz") as archive:
        assert archive.getnames() == list(some)
        assert [archive.extractfile(member).read() for member in archive] == list(some.values())


def test_archive_without_packets_is_an_empty_tar(tmp_path):
    assert write_archive([], tmp_path / "none.tar") == 0
    with tarfile.open(tmp_path / "none.tar") as archive:
        assert archive.getnames() == []


@pytest.mark.parametrize("deflate", [False, True])
def test_container_of_many_records_reads_back(survey, deflate):
    encoder, history = PacketEncoder(), survey.histories[0]
    row = int(history.detections[-1])
    record = encoder.alert(
        object_name="SIM26aaaaaaa",
        alert_number=5,
        candidate=encoder.candidate(candidate_record(history, row)),
    )
    sync = b"0123456789abcdef"
    block = container_block([record] * 3, sync, deflate=deflate)
    found = list(fastavro.reader(io.BytesIO(container_head(sync, deflate=deflate) + block + block)))
    assert [alert["objectId"] for alert in found] == ["SIM26aaaaaaa"] * 6
    assert found[0]["fp_hists"] is None


def test_incomplete_record_is_refused():
    with pytest.raises((ValueError, TypeError, AttributeError)):
        PacketEncoder().previous({"jd": 2461300.5})


def test_our_own_decoder_reads_all_of_it(tmp_path, survey):
    from tom_dataservices.packets import PointKind, read_alert_batches

    survey.write_archive(tmp_path / "night.tar.gz")
    detections, names, received = set(), set(), 0
    for batch in read_alert_batches([tmp_path / "night.tar.gz"]):
        assert batch.is_simulated
        assert not batch.rejected
        received += batch.received
        names |= {found.name for found in batch.objects}
        detections |= set(batch.points.survey_id[batch.points.kind == PointKind.DETECTION].tolist())
    assert received == survey.alert_count
    assert names == {fact.name for fact in survey.objects}
    assert len(detections) == sum(fact.detections for fact in survey.objects)
