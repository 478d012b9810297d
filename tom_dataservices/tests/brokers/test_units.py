"""Signs, units and time scales of what clients read, against the rules of brokers.md, section 0."""

import pytest

from tests.standins.babamul import RUBIN
from tests.standins.lasair import LSST_ID
from tests.standins.tns import AB, VEGA, transient
from tom_common.astro.time import mjd_tai_to_mjd_utc
from tom_dataservices.clients.babamul import asked, babamul_object
from tom_dataservices.clients.fink import FinkLsst, FinkZtf
from tom_dataservices.clients.hermes import hermes_object
from tom_dataservices.clients.lasair import LasairLsst, LasairZtf
from tom_dataservices.clients.tns_search import tns_transient

ZTF_ROW = {"jd": 2460000.5, "fid": 1, "magpsf": 18.9, "sigmapsf": 0.05, "candid": 2240410792515015000}


def told(service, isdiffpos):
    """Return a ZTF detection as three brokers tell it."""
    if service == "Fink ZTF":
        row = {f"i:{key}": value for key, value in ZTF_ROW.items()}
        row |= {"i:objectId": "ZTF26aaaaaaa", "i:isdiffpos": isdiffpos, "i:ra": 10.0, "i:dec": 5.0}
        return FinkZtf().objects_of([row])[0]
    if service == "Lasair ZTF":
        row = {**ZTF_ROW, "isdiffpos": isdiffpos}
        return LasairZtf().packet({"objectId": "ZTF26aaaaaaa", "candidates": [row]})
    said = {"objectId": "ZTF26aaaaaaa", "candidate": {**ZTF_ROW, "isdiffpos": isdiffpos == "t"}}
    return babamul_object(said, "ZTF")


@pytest.mark.parametrize("service", ["Fink ZTF", "Lasair ZTF", "Babamul"])
def test_a_source_that_faded_below_its_reference_has_a_negative_flux_and_no_magnitude(service):
    rising, fading = told(service, "t"), told(service, "f")
    assert (rising.mag, rising.mag_err, rising.flux_njy) == (18.9, 0.05, None)
    assert (fading.mag, fading.mag_err) == (None, None)
    assert fading.flux_njy == pytest.approx(-100_000.0)  # 31.4 - 2.5 log10(1e5) = 18.9
    assert fading.points[0]["negative"] is True and fading.points[0]["mag"] == 18.9


def test_a_negative_flux_of_rubin_is_told_as_it_was_measured():
    said = {**RUBIN, "candidate": {**RUBIN["candidate"], "psfFlux": -5100.0, "isdiffpos": False}}
    found = babamul_object(said, "LSST")
    assert (found.mag, found.flux_njy) == (None, -5100.0)


def test_a_window_of_time_is_asked_for_in_the_scale_of_the_survey():
    query = {"mjd_min": 61300.0, "mjd_max": 61301.0}
    assert asked(query, "ZTF") == {"start_jd": 2461300.5, "end_jd": 2461301.5}
    # Julian dates of Rubin are TAI or UTC there: 37 s of TAI - UTC since 2017 are 4.28e-4 d
    wide = asked(query, "LSST")
    assert wide["start_jd"] == 2461300.5
    assert wide["end_jd"] == pytest.approx(2461301.5 + 37 / 86400, abs=1e-8)


def test_a_withdrawn_source_is_not_the_newest():
    kept = {"psfFlux": 5200.0, "psfFluxErr": 410.0, "midpointMjdTai": 61300.0, "band": "r"}
    taken_back = {**kept, "psfFlux": 9e6, "midpointMjdTai": 61301.0, "timeWithdrawnMjdTai": 61302.0}
    packet = LasairLsst().packet({"diaObjectId": LSST_ID, "diaSourcesList": [kept, taken_back]})
    rows = [
        {f"r:{key}": value for key, value in row.items()} | {"r:diaObjectId": str(LSST_ID)}
        for row in (kept, taken_back)
    ]
    for found in (packet, FinkLsst().objects_of(rows)[0]):
        assert found.flux_njy == 5200.0
        assert found.mjd_utc == pytest.approx(mjd_tai_to_mjd_utc(61300.0))
        assert (found.detections, len(found.points)) == (1, 1)


def tns_point(**row):
    base = {"jd": 2461316.5, "filters": {"name": "g-ZTF"}, "flux": "", "fluxerr": "", "limflux": ""}
    return tns_transient(transient("2026abc", photometry=[{**base, **row}])).points


def test_limits_of_tns_in_flux_units_become_magnitudes():
    mjy, jy = {"id": 2, "name": "mJy"}, {"id": 3, "name": "Jy"}
    # 3631 Jy is magnitude 0 (AB); 31.4 is that of 1 nJy to 1e-4 mag
    assert tns_point(limflux=3631.0, flux_unit=jy)[0]["limit"] == pytest.approx(0.0, abs=1e-3)
    assert tns_point(limflux=0.01, flux_unit=mjy)[0]["limit"] == pytest.approx(31.4 - 2.5 * 4)
    assert tns_point(flux=0.5, limflux=0.01, flux_unit=mjy)[0] == {
        **tns_point(flux=0.5, flux_unit=mjy)[0],
        "flux_njy": 5e5,
    }
    assert tns_point(limflux=0.0, flux_unit=mjy) == ()
    assert tns_point(limflux=20.5, flux_unit=AB)[0]["limit"] == 20.5
    assert tns_point(flux=18.5, flux_unit=VEGA)[0]["survey"] == "TNS Vega"


def hermes_points(**row):
    base = {"target_name": "GRB 1", "date_obs": "61300.5", "bandpass": "r"}
    message = {"data": {"targets": [{"name": "GRB 1"}], "photometry": [{**base, **row}]}}
    return hermes_object({"name": "GRB 1"}, [message]).points


@pytest.mark.parametrize(
    ("row", "key", "value"),
    [
        ({"brightness": 19.5, "brightness_unit": "AB mag"}, "mag", 19.5),
        ({"brightness": "0.02", "brightness_unit": "mJy"}, "flux_njy", 2e4),
        ({"limiting_brightness": 20.5, "limiting_brightness_unit": "AB mag"}, "limit", 20.5),
        # Hermes fills in the unit of a brightness that is not there
        (
            {"brightness_unit": "AB mag", "limiting_brightness": "0.01", "limiting_brightness_unit": "mJy"},
            "limit",
            21.4,
        ),
        (
            {
                "brightness": 0.02,
                "brightness_unit": "mJy",
                "limiting_brightness": 21.0,
                "limiting_brightness_unit": "AB mag",
            },
            "flux_njy",
            2e4,
        ),
    ],
)
def test_each_value_of_hermes_is_read_in_its_own_unit(row, key, value):
    (found,) = hermes_points(**row)
    assert found[key] == pytest.approx(value)
    assert {"mag", "flux_njy", "limit"} & set(found) == {key}


def test_an_unknown_unit_of_hermes_is_no_point():
    assert hermes_points(brightness=1e-16, brightness_unit="erg / s / cm² / Å") == ()


@pytest.mark.parametrize(
    ("ra", "dec", "place"),
    [
        ("329.5158", "52.8321", (329.5158, 52.8321)),
        ("10:00:24", "-02:12:00", (150.1, -2.2)),
        (None, None, (None, None)),
        ("somewhere", "else", (None, None)),
    ],
)
def test_a_place_in_a_message_of_hermes_is_read_in_either_form(ra, dec, place):
    found = hermes_object({"name": "GRB 1", "ra": ra, "dec": dec}, [])
    assert (found.ra_deg, found.dec_deg) == pytest.approx(place)


@pytest.mark.parametrize(
    ("name", "band"),
    [("Clear-", "clear"), ("orange-ATLAS", "o"), ("g-ZTF", "g"), ("G-Gaia", "G"), ("R-Cousins", "R")],
)
def test_filters_of_tns_become_bands(name, band):
    assert tns_point(flux=18.0, flux_unit=AB, filters={"name": name})[0]["band"] == band
