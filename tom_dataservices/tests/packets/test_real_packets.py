"""The real packets of the shared data: every value as fastavro reads it, every point counted from them."""

import gzip
import io
import tarfile
from collections import Counter

import fastavro
import numpy as np
import pytest

from tests.shared_data import shared_data_dir
from tom_dataservices.packets import PointKind, point_keys, read_alert_batches
from tom_dataservices.packets.framing import SchemaStore, read_packets
from tom_dataservices.packets.lockstep import PacketDecoder, read_alone

from .making import same

OCF_FILES = [
    "alerts/ztf/ztf_v4.02_2695378462115010012.avro",
    "alerts/ztf/ztf_v4.02_ZTF17aaarzyp_2982177112815010003.avro",
    "alerts/ztf/ztf_v3.3_ZTF18abfkwnk_2188216843315010016.avro",
    "alerts/ztf/ztf_public_20180819_mod1000.tar.gz",
    "alerts/fink/fink_lsst_7alerts.avro",
    "alerts/fink/fink_ztf_31alerts.avro",
    "alerts/elasticc/elasticc_v0_9_11290844.avro",
    "alerts/elasticc/elasticc_v0_9_obj747.avro.gz",
    "alerts/other/decam_desirt_alert.avro",
    "alerts/other/winter_alert.avro",
    "desc/elasticc2_alerts.avro",
]
BARE = "alerts/elasticc/elasticc2_schemaless_obj104044681.avro.gz"
BARE_SCHEMA = "desc/avro_schema/elasticc_v0_9/elasticc.v0_9.alert.avsc"
FRAMED = "alerts/rubin/rubin_v9_confluent_7912941781254298.bin"


@pytest.fixture
def data():
    return shared_data_dir() / "data"


def options_of(name, data):
    return {"schema_file": data / BARE_SCHEMA} if name == BARE else {}


def judge(name, data):
    """Give all records of a file as fastavro alone reads them."""
    path = data / name
    if name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            members = [archive.extractfile(one).read() for one in archive]
        return [record for member in members for record in fastavro.reader(io.BytesIO(member))]
    if name == FRAMED:
        schema = fastavro.schema.load_schema(data / "alerts/rubin/schema/9/0/lsst.v9_0.alert.avsc")
        return [fastavro.schemaless_reader(io.BytesIO(path.read_bytes()[5:]), schema)]
    if name == BARE:
        schema = fastavro.schema.load_schema(data / BARE_SCHEMA)
        return [fastavro.schemaless_reader(io.BytesIO(gzip.decompress(path.read_bytes())), schema)]
    content = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    return list(fastavro.reader(io.BytesIO(content)))


@pytest.mark.parametrize("name", [*OCF_FILES, BARE, FRAMED])
def test_every_value_is_read_as_fastavro_reads_it(name, data):
    packets = list(read_packets([data / name], SchemaStore(**options_of(name, data))))
    by_schema = {}
    for packet in packets:
        by_schema.setdefault(packet.schema, []).append(packet.body)
    for schema, bodies in by_schema.items():
        outcome = PacketDecoder(schema.parsed).decode(bodies)
        assert outcome.errors == {}
        assert [numbers for numbers, _ in outcome.groups] == [list(range(len(bodies)))]
        expected = [read_alone(schema.parsed, body) for body in bodies]
        assert same(list(outcome.groups[0][1].values()), expected)
    assert len(packets) == len(judge(name, data))


def points_expected(record):
    """Count the points of one record by kind, from its own content: detections, limits, forced."""
    kinds = Counter()
    for item in [record.get("candidate") or record["diaSource"], *(record.get("prv_candidates") or ())]:
        if "magpsf" in item and item["magpsf"] is None:
            kinds[PointKind.LIMIT] += item["diffmaglim"] > 0
        else:
            kinds[PointKind.DETECTION] += 1
    kinds[PointKind.DETECTION] += len(record.get("prvDiaSources") or ())
    kinds[PointKind.FORCED] += len(record.get("prvDiaForcedSources") or ())
    for item in record.get("fp_hists") or ():
        kinds[PointKind.FORCED] += (
            item.get("forcediffimflux", -99999) != -99999 and item.get("procstatus", "0") == "0"
        )
    return kinds


@pytest.mark.parametrize("name", [*OCF_FILES, BARE, FRAMED])
def test_every_point_of_a_packet_becomes_one_point(name, data):
    records = judge(name, data)
    expected = sum((points_expected(record) for record in records), Counter())
    batches = list(read_alert_batches([data / name], **options_of(name, data)))
    found = Counter()
    for batch in batches:
        found.update(PointKind(kind) for kind in batch.points.kind.tolist())
    assert +found == +expected
    assert (
        sum(len(batch.objects) for batch in batches)
        == sum(batch.received for batch in batches)
        == len(records)
    )
    assert [batch.rejected for batch in batches] == [[]] * len(batches)


def one_batch(name, data, **options):
    batches = list(read_alert_batches([data / name], **options))
    assert len(batches) == 1
    return batches[0]


def test_all_files_of_all_surveys_are_read_in_one_go(data):
    batches = list(read_alert_batches([data / "alerts/ztf", data / "alerts/fink", data / "alerts/rubin"]))
    assert {batch.survey for batch in batches} == {"ZTF", "LSST"}
    assert sum(batch.received for batch in batches) == 33 + 38 + 1


def test_a_ztf_alert_says_what_its_packet_says(data):
    batch = one_batch(OCF_FILES[0], data)
    alert = batch.objects[0]
    assert (batch.survey, batch.telescope, batch.instrument) == ("ZTF", "P48", "ZTF")
    assert (alert.name, alert.alert_id, alert.is_sidereal) == ("ZTF18abudxnw", "2695378462115010012", True)
    assert alert.mjd_utc == pytest.approx(60449.3784606)
    assert alert.extras["drb"] == pytest.approx(0.9993875)
    assert not [key for key in alert.extras if key.startswith(("ss", "fink"))]
    assert [(one.role, one.extension, one.content[:2]) for one in alert.cutouts] == [
        (role, ".fits.gz", b"\x1f\x8b") for role in ("science", "reference", "difference")
    ]
    points = batch.points
    assert (points.brightness[0], points.is_negative[0]) == (pytest.approx(14.906532), True)
    forced = points.kind == PointKind.FORCED
    # zp 26.1352005, -11859.88 DN: 10**((31.4 - 26.1352005) / 2.5) = 127.7 nJy a DN.
    first = np.flatnonzero(
        forced & np.isclose(points.time_us, (2460447.9202778 - 2440587.5) * 86400e6, atol=100)
    )
    assert points.brightness[first[0]] == pytest.approx(
        -11859.88 * 10 ** ((31.4 - 26.1352005) / 2.5), rel=1e-6
    )
    assert points.is_flux.tolist() == forced.tolist()


def test_forced_points_at_the_time_of_an_alert_point_are_kept(data):
    """24 forced points of the samples share time and band with an alert point (plugin-api 0.6)."""
    shared = 0
    for name in OCF_FILES[:2]:
        batch = one_batch(name, data)
        points = batch.points
        keys = point_keys(points, survey=batch.survey, bands=batch.bands)
        assert len(set(keys.tolist())) == len(points)
        forced = points.kind == PointKind.FORCED
        places = list(zip(points.time_us.tolist(), points.band.tolist(), strict=True))
        alerted = {place for place, is_forced in zip(places, forced, strict=True) if not is_forced}
        shared += sum(is_forced and place in alerted for place, is_forced in zip(places, forced, strict=True))
    assert 0 < shared <= 24


def test_a_rubin_packet_of_version_9_is_read_with_the_schemas_beside_it(data):
    batch = one_batch(FRAMED, data)
    alert = batch.objects[0]
    assert (batch.survey, batch.telescope, batch.instrument) == ("LSST", "Rubin", "LSSTCam")
    assert (alert.name, alert.aliases) == ("LSST-P-DO-7912941781254298", ("7912941781254298",))
    assert alert.mjd_utc == pytest.approx(60961.23309222222 - 37 / 86400, abs=1e-10)
    assert batch.points.brightness.tolist() == [pytest.approx(-1230.27576)]
    assert batch.points.is_flux.all()
    assert [one.extension for one in alert.cutouts] == [".fits"] * 3
    assert all(one.content.startswith(b"SIMPLE") for one in alert.cutouts)


def test_finks_rubin_alerts_hold_static_and_solar_system_objects(data):
    batch = one_batch("alerts/fink/fink_lsst_7alerts.avro", data)
    moving = {one.name: one for one in batch.objects if not one.is_sidereal}
    assert sorted(moving) == ["2004 JQ12", "2020 SJ88"]
    assert moving["2004 JQ12"].aliases == ("21163624394469969",)
    orbit = moving["2004 JQ12"].orbit
    assert orbit["scheme"] == "MPC_MINOR_PLANET"
    assert orbit["semimajor_axis"] == pytest.approx(2.7631964753)
    assert orbit["perihdist"] == pytest.approx(orbit["semimajor_axis"] * (1 - orbit["eccentricity"]))
    assert (orbit["epoch_of_elements"], orbit["abs_mag"], orbit["slope"]) == (61000.0, 16.453, 0.15)
    static = [one for one in batch.objects if one.is_sidereal]
    assert len(static) == 5
    assert all(one.name.startswith("LSST-P-DO-") and one.orbit is None for one in static)
    assert static[0].extras["fink_cats_class"] == 11
    assert static[0].extras["lsst_diaSourceId"] == "170094456272322680"


def test_finks_ztf_classes_become_facts_without_words_for_nothing(data):
    batch = one_batch("alerts/fink/fink_ztf_31alerts.avro", data)
    facts = [one.extras for one in batch.objects]
    assert {fact["fink_class"] for fact in facts} == {"SN candidate"}
    assert Counter(fact.get("fink_tns_type") for fact in facts) == {None: 26, "SN II": 3, "SN Ia": 2}
    texts = {value.lower() for fact in facts for value in fact.values() if isinstance(value, str)}
    assert not texts & {"", "nan", "null", "none", "unknown", "fail", "fail 503"}
    assert not [fact for fact in facts if fact.get("fink_slsn_score", 0) < 0]


@pytest.mark.parametrize("name", [*OCF_FILES, FRAMED])
def test_facts_hold_no_missing_values_and_no_number_that_json_would_bend(name, data):
    for batch in read_alert_batches([data / name], with_cutouts=False):
        for alert in batch.objects:
            assert alert.cutouts == ()
            for value in alert.extras.values():
                assert isinstance(value, str | bool) or (np.isfinite(value) and abs(value) <= 2**53)


def test_fluxes_of_the_elasticc_campaigns_are_nanojansky(data):
    """One visit of LSST reaches about 24.3 mag in r at 5 sigma (Ivezic et al. 2019, Table 1)."""
    for name, noise_band in ((OCF_FILES[6], "r"), (OCF_FILES[7], "r"), (OCF_FILES[10], "r")):
        for batch in read_alert_batches([data / name]):
            points = batch.points.take(batch.points.band == batch.bands.index(noise_band))
            depth = 31.4 - 2.5 * np.log10(5 * np.nanmedian(points.brightness_error))
            assert 23.3 < depth < 25.3
            assert batch.is_simulated


def test_decam_and_winter_alerts_are_read(data):
    decam = one_batch("alerts/other/decam_desirt_alert.avro", data)
    assert (decam.survey, decam.bands) == ("DECam", ["g"])
    # The packet gives 23.554 mag for the same point: 31.4 - 2.5 log10(1375.25).
    assert 31.4 - 2.5 * np.log10(decam.points.brightness) == pytest.approx(23.554, abs=1e-3)
    winter = one_batch("alerts/other/winter_alert.avro", data)
    assert (winter.objects[0].name, winter.magnitude_system) == ("WNTR24awati", "Vega")
    assert [winter.bands[band] for band in winter.points.band] == ["J", "J"]
    assert not winter.points.is_negative.any()


def test_messages_of_brokers_are_no_alerts(data):
    batches = list(read_alert_batches([data / "desc/elasticc2_broker_messages.avro"]))
    assert sum(len(batch.rejected) for batch in batches) == sum(batch.received for batch in batches) == 1950
    assert "no survey that is known here" in batches[0].rejected[0].reason
