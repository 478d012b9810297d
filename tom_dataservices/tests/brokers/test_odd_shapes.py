"""Parts of answers in other shapes than promised: rows without them, or a sentence; no plugin that fails."""

import pytest

from tests.standins.antares import HEADER
from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.antares import antares_object, read_locus
from tom_dataservices.clients.hermes import hermes_object
from tom_dataservices.clients.tns import tns_object
from tom_dataservices.clients.tns_search import tns_transient

TNS = {"objname": "2026abc", "name_prefix": "SN", "radeg": 1.0, "decdeg": -1.0}
POINT = {"jd": 2461316.67, "flux": "19.1", "flux_unit": {"name": "ABMag"}, "filters": {"name": "g-ZTF"}}


@pytest.mark.parametrize(
    "photometry",
    [[POINT], {"0": POINT}, [None, 5, POINT], [{**POINT, "flux_unit": "ABMag", "filters": "g-ZTF"}]],
)
def test_photometry_of_tns_is_read_in_each_shape(photometry):
    (point,) = tns_transient({**TNS, "photometry": photometry, "spectra": "x"}).points
    assert (point["mag"], point["band"]) == (19.1, "g")


def test_facts_of_tns_may_be_words_lists_or_nothing():
    odd = {
        "object_type": "SN Ia",
        "discmagfilter": 110,
        "reporting_group": "ZTF",
        "internal_names": ["a", "b"],
    }
    one = tns_transient({**TNS, **odd})
    assert (one.class_name, one.band, one.aliases) == ("SN Ia", None, ("a", "b"))
    assert one.extras["reporting_group"] == "ZTF"
    assert tns_object({**TNS, **odd}).aliases == ("a", "b")
    assert tns_transient({**TNS, "object_type": [], "photometry": "x"}).class_name is None


def test_signs_that_tns_encodes_are_read():
    told = {**TNS, "hostname": "SDSS%20J1%2B2", "internal_names": "ZTF26a%2Bb, 50%"}
    one = tns_transient(told)
    assert (one.extras["host"], one.aliases) == ("SDSS J1+2", ("ZTF26a+b", "50%"))


def test_a_place_in_hours_and_minutes_alone_is_a_place():
    one = tns_transient({"objname": "2026abc", "ra": "10:00:24.000", "dec": "-32:12:00.00", "radeg": None})
    assert (one.ra_deg, one.dec_deg) == (pytest.approx(150.1), pytest.approx(-32.2))


def locus(**more):
    return {"locus_id": "ANT2026x", "ra": 1.0, "dec": -1.0, "properties": {}, **more}


@pytest.mark.parametrize(
    "odd",
    [
        {"properties": [1]},
        {"properties": None, "tags": None, "catalogs": None},
        {"properties": {"survey": "ztf"}},
        {"properties": {"survey": {"lsst": [1], "ztf": "x"}}},
        {"lightcurve": [1]},
        {"lightcurve": f"{HEADER}\nx,y,nan,1,1,1,g,18,0.1,20\n,,61001,1,1"},
    ],
)
def test_a_locus_with_odd_parts_is_one_without_them(odd):
    one = antares_object(read_locus(locus(**odd)))
    assert (one.object_id, one.name, one.points) == ("ANT2026x", "ANT2026x", ())


def test_a_single_tag_is_one_tag():
    one = antares_object(read_locus(locus(tags="in_m31", catalogs="milliquas")))
    assert (one.class_name, one.extras["antares_catalogs"]) == ("in_m31", "milliquas")


@pytest.mark.parametrize(
    "row", [None, 5, {"ra": 1, "dec": 1}, {"locus_id": "ANT2026x", "ra": 1}, {"locus": "x"}]
)
def test_a_locus_without_id_or_place_is_told(row):
    with pytest.raises(RemoteBadReply, match="ANTARES answered with a locus"):
        read_locus(row)


def test_a_message_of_hermes_with_odd_parts_gives_the_others():
    about = {"name": "A", "ra": 1.0, "dec": 2.0, "aliases": "B", "orbital_elements": "y", "messages": 3}
    good = {"target_name": "A", "date_obs": "60000.25", "bandpass": "r", "brightness": "19.1"}
    messages = [{"data": "x"}, {"data": {"photometry": "y"}}, {"data": {"photometry": [None, 5, good]}}]
    one = hermes_object(about, messages)
    assert (one.aliases, one.is_sidereal, one.mag, len(one.points)) == (("B",), True, 19.1, 1)
