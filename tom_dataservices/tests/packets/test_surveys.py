import fastavro
import numpy as np
import pytest

from tests.shared_data import shared_data_dir
from tom_dataservices.packets import PointKind, read_alert_batches
from tom_dataservices.packets.lockstep.rows import columns_from_values
from tom_dataservices.packets.surveys.designations import unpacked_designation
from tom_dataservices.packets.surveys.orbits import read_orbits
from tom_dataservices.packets.table import Table

from .making import ZTF_SCHEMA, container, record_schema, ztf_forced, ztf_limit, ztf_point, ztf_record


@pytest.fixture
def read(tmp_path):
    def read_records(schema, records, **options):
        path = tmp_path / "alerts.avro"
        path.write_bytes(container(schema, records))
        [batch] = read_alert_batches([path], **options)
        return batch

    return read_records


class TestZTF:
    def test_previous_candidates_without_magnitude_are_limits(self, read):
        batch = read(
            ZTF_SCHEMA,
            [ztf_record(prv_candidates=[ztf_limit(jd=2461297.5, fid=1, diffmaglim=20.25), ztf_point()])],
        )
        assert batch.points.kind.tolist() == [PointKind.DETECTION, PointKind.LIMIT, PointKind.DETECTION]
        limit = batch.points.take(np.array([1]))
        assert (limit.limit.tolist(), batch.bands[limit.band[0]], limit.survey_id.tolist()) == (
            [20.25],
            "g",
            [0],
        )
        assert np.isnan(limit.brightness).all()
        assert np.isnan(batch.points.limit[[0, 2]]).all()

    @pytest.mark.parametrize(
        ("word", "negative"),
        [("t", False), ("1", False), ("f", True), ("0", True), ("-1", True), (None, False)],
    )
    def test_the_sign_of_a_difference_has_many_spellings(self, read, word, negative):
        batch = read(ZTF_SCHEMA, [ztf_record(candidate={"isdiffpos": word})])
        assert batch.points.is_negative.tolist() == [negative]

    def test_failed_and_unclean_forced_photometry_is_left_out_and_counted(self, read):
        forced = [
            ztf_forced(),
            ztf_forced(jd=2461299.5, forcediffimflux=-99999.0, forcediffimfluxunc=-99999.0),
            ztf_forced(jd=2461298.5, procstatus="56"),
            ztf_forced(jd=2461297.5, forcediffimflux=None),
            ztf_forced(jd=2461296.5, forcediffimflux=-300.0),
        ]
        batch = read(ZTF_SCHEMA, [ztf_record(fp_hists=forced)])
        points = batch.points.take(batch.points.kind == PointKind.FORCED)
        assert (len(points), batch.points_left_out) == (2, 3)
        assert (31.4 - 2.5 * np.log10(points.brightness[0])) == pytest.approx(18.7)
        assert points.brightness[1] < 0
        assert points.is_flux.all()

    def test_a_known_asteroid_nearby_is_a_fact_and_the_target_stays_ztfs(self, read):
        near = {"ssdistnr": 1.0, "ssmagnr": 18.5, "ssnamenr": "217301"}
        far = {"ssdistnr": 12.0, "ssmagnr": 18.5, "ssnamenr": "217301"}
        none = {"ssdistnr": -999.0, "ssmagnr": -999.0, "ssnamenr": "null"}
        batch = read(ZTF_SCHEMA, [ztf_record(candidate=facts) for facts in (near, far, none)])
        assert [one.name for one in batch.objects] == ["ZTF26aaaaaaa"] * 3
        assert all(one.is_sidereal for one in batch.objects)
        found = [
            {key: value for key, value in one.extras.items() if key.startswith("ss")} for one in batch.objects
        ]
        assert found == [
            {"ssnamenr": "217301", "ssdistnr": 1.0, "ssmagnr": 18.5, "ss_match": True},
            {"ssnamenr": "217301", "ssdistnr": 12.0, "ssmagnr": 18.5, "ss_match": False},
            {},
        ]

    def test_a_packet_without_object_or_time_is_rejected_alone(self, read):
        records = [ztf_record("null"), ztf_record(), ztf_record(candidate={"jd": float("nan")})]
        batch = read(ZTF_SCHEMA, records)
        assert [one.number for one in batch.objects] == [2]
        assert [(one.number, one.reason) for one in batch.rejected] == [
            (1, "the packet names no object"),
            (3, "the alert has no time"),
        ]
        assert (batch.received, len(batch.points), batch.points.object_index.tolist()) == (3, 1, [0])

    def test_an_unknown_filter_is_left_out(self, read):
        batch = read(ZTF_SCHEMA, [ztf_record(prv_candidates=[ztf_point(fid=7)])])
        assert (len(batch.points), batch.points_left_out) == (1, 1)

    def test_simulated_packets_say_so(self, read):
        batch = read(ZTF_SCHEMA, [ztf_record(publisher="A simulation of ours"), ztf_record()])
        assert batch.is_simulated
        assert [one.extras.get("simulated") for one in batch.objects] == [True, None]

    def test_forced_points_belong_to_their_own_packet(self, read):
        records = [
            ztf_record("ZTF26aaaaaaa", fp_hists=[ztf_forced(), ztf_forced(jd=2461200.5)]),
            ztf_record("ZTF26aaaaaab"),
            ztf_record("ZTF26aaaaaac", fp_hists=[ztf_forced(jd=2461100.5)], prv_candidates=[ztf_limit()]),
        ]
        points = read(ZTF_SCHEMA, records).points
        assert points.object_index[points.kind == PointKind.FORCED].tolist() == [0, 0, 2]
        assert points.object_index[points.kind == PointKind.LIMIT].tolist() == [2]


SOURCE = {
    "diaSourceId": "long",
    "diaObjectId": ["null", "long"],
    "ssObjectId": ["null", "long"],
    "midpointMjdTai": "double",
    "band": ["null", "string"],
    "psfFlux": ["null", "float"],
    "psfFluxErr": ["null", "float"],
    "ra": "double",
    "dec": "double",
    "timeWithdrawnMjdTai": ["null", "double"],
    "exposureTime": ["null", "float"],
}
ORBIT = dict.fromkeys(
    "epoch_mjd mean_anomaly argperi e node i mean_motion a peri_time q h g".split(), ["null", "double"]
)
RUBIN_SCHEMA = record_schema(
    "alert",
    {
        "diaSourceId": "long",
        "diaSource": record_schema("diaSource", SOURCE),
        "prvDiaSources": ["null", {"type": "array", "items": "diaSource"}],
        "diaObject": [
            "null",
            record_schema("diaObject", {"diaObjectId": "long", "ra": "double", "dec": "double"}),
        ],
        "mpc_orbits": ["null", record_schema("mpc_orbits", {"designation": ["null", "string"], **ORBIT})],
    },
)


def source(**values):
    made = dict.fromkeys(SOURCE)
    made.update(diaSourceId=170000000000000001, diaObjectId=0, ssObjectId=0, midpointMjdTai=61300.2, band="r")
    return {**made, "psfFlux": 5200.0, "psfFluxErr": 410.0, "ra": 53.1, "dec": -27.9, **values}


def rubin_record(previous=None, dia_object=None, orbit=None, **values):
    made = source(**values)
    return {
        "diaSourceId": made["diaSourceId"],
        "diaSource": made,
        "prvDiaSources": previous,
        "diaObject": dia_object,
        "mpc_orbits": orbit,
    }


class TestRubin:
    def test_withdrawn_and_empty_sources_are_left_out(self, read):
        previous = [
            source(diaSourceId=2, midpointMjdTai=61290.0),
            source(diaSourceId=3, midpointMjdTai=61291.0, timeWithdrawnMjdTai=61295.0),
            source(diaSourceId=4, midpointMjdTai=61292.0, timeWithdrawnMjdTai=float("nan")),
            source(diaSourceId=5, midpointMjdTai=61293.0, psfFlux=None),
            source(diaSourceId=6, midpointMjdTai=61294.0, band=None),
        ]
        batch = read(RUBIN_SCHEMA, [rubin_record(previous, diaObjectId=77)])
        assert batch.points.survey_id.tolist() == [170000000000000001, 2, 4]
        assert batch.points_left_out == 3

    def test_times_become_utc(self, read):
        batch = read(RUBIN_SCHEMA, [rubin_record(diaObjectId=77)])
        assert batch.points.time_us.tolist() == [round((61300.2 - 40587) * 86400e6) - 37_000_000]

    def test_an_object_number_of_0_is_none(self, read):
        records = [rubin_record(), rubin_record(diaObjectId=77), rubin_record(ssObjectId=88)]
        batch = read(RUBIN_SCHEMA, records)
        assert [(one.name, one.is_sidereal, one.aliases) for one in batch.objects] == [
            ("LSST-P-DO-77", True, ("77",)),
            ("LSST-SSO-88", False, ("88",)),
        ]
        assert [(one.number, one.reason) for one in batch.rejected] == [(1, "the packet names no object")]

    def test_the_position_is_that_of_the_object_where_there_is_one(self, read):
        with_object = rubin_record(dia_object={"diaObjectId": 77, "ra": 53.2, "dec": -27.8}, diaObjectId=77)
        batch = read(RUBIN_SCHEMA, [with_object, rubin_record(diaObjectId=78)])
        assert [(one.ra_deg, one.dec_deg) for one in batch.objects] == [(53.2, -27.8), (53.1, -27.9)]
        assert batch.points.ra_deg.tolist() == [53.1, 53.1]

    def test_incomplete_elements_are_no_orbit(self, read):
        orbit = {**dict.fromkeys(ORBIT), "designation": "2004 JQ12", "a": 2.76, "e": 0.29}
        batch = read(RUBIN_SCHEMA, [rubin_record(orbit=orbit, ssObjectId=88)])
        assert (batch.objects[0].name, batch.objects[0].orbit) == ("2004 JQ12", None)

    @pytest.mark.parametrize(
        ("version", "root"),
        [("7/4", "lsst.v7_4"), ("9/0", "lsst.v9_0"), ("10/0", "lsst.v10_0"), ("11/1", "lsst.v11_1")],
    )
    def test_every_version_of_the_schema_is_read(self, tmp_path, version, root):
        folder = shared_data_dir() / "data/alerts/rubin/schema" / version
        schema = fastavro.schema.load_schema(folder / f"{root}.alert.avsc")
        named = named_records(schema)
        record = filled(schema, named)
        record["diaSource"].update(source(diaObjectId=77))
        forced = {"diaObjectId": 77, "band": "g", "psfFlux": -20.0, "psfFluxErr": 10.0}
        record["prvDiaForcedSources"] = [{**filled(named[f"{root}.diaForcedSource"], named), **forced}]
        if "prvDiaNondetectionLimits" in record:
            record["prvDiaNondetectionLimits"] = [
                {"ccdVisitId": 1, "midpointMjdTai": 61290.0, "band": "i", "diaNoise": 200.0}
            ]
        path = tmp_path / "alert.avro"
        path.write_bytes(container(schema, [record]))
        [batch] = read_alert_batches([path])
        assert (batch.survey, batch.objects[0].name) == ("LSST", "LSST-P-DO-77")
        kinds = batch.points.kind.tolist()
        assert kinds[:2] == [PointKind.DETECTION, PointKind.FORCED]
        if len(kinds) == 3:  # 5 x 200 nJy = 23.9 mag
            assert batch.points.limit[2] == pytest.approx(23.9)


def named_records(schema):
    """Give all records that a schema defines, by full name."""
    if isinstance(schema, list):
        return {name: one for branch in schema for name, one in named_records(branch).items()}
    if not isinstance(schema, dict):
        return {}
    inner = [schema.get("items"), *(field["type"] for field in schema.get("fields", ()))]
    found = {name: one for part in inner for name, one in named_records(part).items()}
    return {**found, schema["name"]: schema} if schema["type"] == "record" else found


def filled(schema, named):
    """Make a value of a type: null where it may be, else 1, or nothing."""
    if isinstance(schema, list):
        return None if "null" in schema else filled(schema[0], named)
    if isinstance(schema, str) and schema in named:
        return filled(named[schema], named)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        return {one["name"]: filled(one["type"], named) for one in schema["fields"]}
    return {"array": [], "string": "", "bytes": b"", "boolean": False, "float": 1.0, "double": 1.0}.get(
        kind, 1
    )


class TestElements:
    def table(self, **values):
        full = {"epoch_mjd": 61000.0, "argperi": 1.0, "e": 0.2, "node": 2.0, "i": 3.0}
        return Table.of(columns_from_values([{**full, **values}], None))

    def test_an_ellipse_with_its_mean_anomaly_is_a_minor_planet(self):
        [orbit] = read_orbits(self.table(a=2.0, mean_anomaly=10.0))
        assert orbit == {
            "scheme": "MPC_MINOR_PLANET",
            "epoch_of_elements": 61000.0,
            "arg_of_perihelion": 1.0,
            "eccentricity": 0.2,
            "lng_asc_node": 2.0,
            "inclination": 3.0,
            "semimajor_axis": 2.0,
            "mean_anomaly": 10.0,
        }

    def test_a_hyperbola_is_given_as_a_comet(self):
        [orbit] = read_orbits(self.table(e=1.2, a=-5.0, mean_anomaly=1.0, q=1.0, peri_time=61010.0))
        assert (orbit["scheme"], orbit["perihdist"]) == ("MPC_COMET", 1.0)

    def test_elements_of_version_9_have_other_names(self):
        values = {
            "epoch": 61000.0,
            "M": 10.0,
            "peri": 1.0,
            "e": 0.2,
            "node": 2.0,
            "incl": 3.0,
            "a": 2.0,
            "mpcH": 17.0,
        }
        [orbit] = read_orbits(Table.of(columns_from_values([values], None)))
        assert (orbit["scheme"], orbit["inclination"], orbit["abs_mag"]) == ("MPC_MINOR_PLANET", 3.0, 17.0)

    def test_a_missing_element_makes_no_orbit(self):
        assert read_orbits(self.table(a=2.0)) == [None]
        assert read_orbits(self.table(a=2.0, mean_anomaly=1.0, epoch_mjd=0.0)) == [None]


@pytest.mark.parametrize(
    ("packed", "written"),
    [
        # Examples of the Minor Planet Center's page on packed designations.
        ("J95X00A", "1995 XA"),
        ("J95X01L", "1995 XL1"),
        ("J95F13B", "1995 FB13"),
        ("J98SA8Q", "1998 SQ108"),
        ("K07Tf8A", "2007 TA418"),
        ("PLS2040", "2040 P-L"),
        ("T1S3138", "3138 T-1"),
        ("03202", "3202"),
        ("A0345", "100345"),
        ("~000z", "620061"),
        ("~AZaz", "3140113"),
        ("2004 JQ12", "2004 JQ12"),
        ("C/2023 A3", "C/2023 A3"),
    ],
)
def test_packed_designations_are_written_out(packed, written):
    assert unpacked_designation(packed) == written
