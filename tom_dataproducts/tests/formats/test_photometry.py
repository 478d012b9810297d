"""Tables of photometry of every kind: what they are recognised as, and the numbers that come out."""

import gzip
import io
import json

import numpy as np
import pytest
from astropy.io.votable import from_table
from astropy.table import Table
from astropy.time import Time

from tests.shared_data import shared_data_dir
from tom_common.astro.time import datetime_to_unix_us
from tom_dataproducts.formats import FormatError, Mapping, read_photometry, recognise
from tom_dataproducts.formats.times import iso_to_us, times_of

MJD_60000_US = 1_677_283_200_000_000
NOW_US = iso_to_us("2026-11-21T00:00:00")


def meanings(recognition):
    return {column.meaning: column.name for column in recognition.columns if column.meaning != "ignore"}


def both(content, name="table.csv"):
    """What a file is recognised as, and read by the proposal."""
    if isinstance(content, str):
        content = content.encode()
    found = recognise(io.BytesIO(content), name)
    return found, read_photometry(io.BytesIO(content), name, found.mapping(), now_us=NOW_US)


CSV = """time,filter,magnitude,error
60000.0,r,18.10,0.02
60000.5,g,18.40,0.03
"""


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace(",", "   "),
        CSV.replace(",", "|"),
        CSV.replace(",", ", "),
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        "\ufeff" + CSV,
        "# made by hand\n\n" + CSV,
        "# time filter magnitude error\n" + CSV.split("\n", 1)[1].replace(",", " "),
        "#" + CSV,
        CSV.replace("r", '"r"', 1).replace("60000.0", '"60000.0"'),
        CSV.replace(",", ";").replace(".", ","),
        CSV.replace("60000.5", "2460001.0").replace("60000.0", "2460000.5"),
        CSV.replace("60000.0", "2023-02-25T00:00:00Z").replace("60000.5", "2023-02-25 12:00:00"),
        CSV.replace("60000.0", "2023-02-25.0").replace("60000.5", "2023/02/25 12:00"),
        CSV.replace("60000.0", "1677283200").replace("60000.5", "1677326400"),
        CSV.rstrip("\n"),
        CSV.replace("0.02\n", "0.02,\n").replace("0.03\n", "0.03,\n"),
    ],
    ids=(
        "comma semicolon tab blanks bar comma-blank CRLF CR BOM comments header-in-comment hash-header quotes"
        " decimal-comma JD ISO day-fraction unix no-last-newline trailing-comma"
    ).split(),
)
def test_one_table_in_many_spellings(text):
    found, table = both(text)
    assert found.kind == "photometry"
    assert set(meanings(found)) == {"time", "band", "magnitude", "magnitude_error"}
    assert table.errors == []
    assert table.time_us.tolist() == [MJD_60000_US, MJD_60000_US + 43_200_000_000]
    assert table.brightness.tolist() == [18.1, 18.4]
    assert table.error.tolist() == [0.02, 0.03]
    assert list(table.band) == ["r", "g"]
    assert list(table.unit) == ["mag", "mag"]


def test_what_was_assumed_is_said():
    found, _ = both(CSV)
    assert found.problems == [
        "No time scale is named; UTC is assumed.",
        "No magnitude system is named; AB is assumed.",
    ]
    assert found.row_count == 2


@pytest.mark.parametrize("kind", ["ecsv", "votable", "fits", "ascii.ipac", "gzip"])
def test_tables_that_astropy_writes(kind, tmp_path):
    written = Table(
        {
            "mjd": np.array([60000.0, 60001.25]),
            "band": ["g", "r"],
            "flux": np.array([417.0, -31.0], np.float32),
            "flux_err": [37.0, 24.0],
        },
        units={"mjd": "d", "flux": "uJy", "flux_err": "uJy"},
    )
    path = tmp_path / f"table.{kind}"
    if kind == "votable":
        from_table(written).to_xml(str(path))
    elif kind == "gzip":
        text = io.StringIO()
        written.write(text, format="ascii.ecsv")
        path.write_bytes(gzip.compress(text.getvalue().encode()))
    else:
        written.write(path, format={"ecsv": "ascii.ecsv"}.get(kind, kind))
    found, table = both(path.read_bytes(), path.name)
    assert found.kind == "photometry"
    assert found.options["flux_unit"] == "uJy"
    assert table.brightness.tolist() == [417e3, -31e3]
    assert table.error.tolist() == [37e3, 24e3]
    assert set(table.unit) == {"nJy"}
    assert table.time_us.tolist() == [MJD_60000_US, MJD_60000_US + 108_000_000_000]


def test_masked_values_of_astropy_are_no_numbers(tmp_path):
    written = Table(
        {"mjd": [60000.0, 60001.0], "band": ["g", "r"], "mag": [18.0, 19.0], "limit": [20.0, 20.5]}
    )
    written = Table(written, masked=True)
    written["mag"].mask = [False, True]
    from_table(written).to_xml(str(tmp_path / "table.xml"))
    _, table = both((tmp_path / "table.xml").read_bytes(), "table.xml")
    assert table.brightness[0] == 18.0
    assert np.isnan(table.brightness[1])
    assert np.isnan(table.limit[0])
    assert table.limit[1] == 20.5


@pytest.mark.parametrize("scale", ["utc", "tai", "tt", "tdb"])
@pytest.mark.parametrize("form", ["mjd", "jd", "iso"])
def test_scales_agree_with_astropy(scale, form):
    moments = Time(["1998-05-01T00:00:00", "2005-12-30T12:34:56.789", "2026-03-01T04:05:06.25"], scale="utc")
    told = getattr(moments, scale)
    column = (
        told.isot.tolist() if form == "iso" else [repr(number) for number in getattr(told, form).tolist()]
    )
    us, wrong = times_of(column, time_format=form, time_scale=scale)
    expected = [
        datetime_to_unix_us(moment) for moment in moments.to_datetime(timezone=__import__("datetime").UTC)
    ]
    assert not wrong.any()
    # JD resolves 40 us; ISO of astropy has milliseconds; our TDB leaves out terms below 0.1 ms.
    assert np.abs(us - np.array(expected)).max() <= {"jd": 60, "iso": 600, "mjd": 2}[form] + 100 * (
        scale == "tdb"
    )


def test_limits_in_every_form():
    _, table = both(
        "mjd,filter,mag,mag_err,limit\n60000,r,>20.1,,\n60001,r,18.0,0.1,20.5\n60002,r,,,20.7\n60003,r,99,99,20.9\n"
    )
    assert np.isnan(table.brightness).tolist() == [True, False, True, True]
    assert table.limit[[0, 2, 3]].tolist() == [20.1, 20.7, 20.9]
    assert np.isnan(table.limit[1])
    _, flagged = both("mjd,filter,mag,is_limit\n60000,r,20.1,true\n60001,r,18.0,false\n")
    assert flagged.limit[0] == 20.1
    assert flagged.brightness[1] == 18.0


def test_systems_and_zero_points():
    found, table = both("mjd,filter,mag_vega\n60000,K,15.0\n")
    assert found.options["magnitude_system"] == "Vega"
    assert list(table.unit) == ["mag (Vega)"]
    found, table = both("mjd,filter,flux,zp\n60000,g,100,25\n60001,g,100,27.5\n")
    assert found.options["flux_unit"] == "counts"
    assert table.brightness == pytest.approx([100 * 10 ** (6.4 / 2.5), 100 * 10 ** (3.9 / 2.5)])
    with pytest.raises(FormatError, match="zero point"):
        both("mjd,filter,flux [adu]\n60000,g,100\n60001,g,100\n")


def test_atlas_file_of_the_server():
    content = (shared_data_dir() / "data/services/atlas/test_atlas_fp.csv").read_bytes()
    found, table = both(content, "atlas.txt")
    assert (found.layout, found.problems, len(table), table.left_out) == ("atlas", [], 32, 0)
    assert (table.brightness[1], table.error[1], table.band[1]) == (-310_000.0, 24_000.0, "o")
    assert set(table.reduction_version) == {"forced"}
    assert table.line[0] == 2


def test_ztf_forced_photometry_of_ipac():
    text = (
        "# Requested input R.A. = 150.1 degrees\n# some notes\n"
        "index, field, filter, zpdiff, programid, jd, forcediffimflux, forcediffimfluxunc,"
        " exptime, procstatus\n"
        " 0 600 ZTF_g 26.3 1 2459999.5 250.0 12.0 30.0 0\n"
        " 1 600 ZTF_r 26.2 1 2460000.5 -40.0 11.0 30.0 57\n"
        " 2 600 ZTF_r 26.2 1 2460001.5 -99999 -99999 30.0 0\n"
        " 3 600 ZTF_r 26.2 1 2460002.5 30.0 11.0 30.0 56,57\n"
        " 4 600 ZTF_i 26.2 1 2460003.5 null null 30.0 61\n"
    )
    found, table = both(text, "batchfp_req0000000001_lc.txt")
    assert found.layout == "ztf forced"
    assert list(table.band) == ["g", "r"]
    assert table.brightness == pytest.approx([250 * 10 ** (5.1 / 2.5), -40 * 10 ** (5.2 / 2.5)])
    assert (table.left_out, table.bad_rows) == (3, 0)
    assert table.exposure_s.tolist() == [30.0, 30.0]


def test_ztf_light_curve_of_irsa():
    text = (
        "oid,expid,hjd,mjd,mag,magerr,catflags,filtercode,ra,dec,exptime\n"
        "686103400034440,46351,,58203.3,18.1,0.02,0,zg,150.1,2.2,30\n"
        "686103400034440,46352,,58204.3,18.2,0.02,32768,zr,150.1,2.2,30\n"
    )
    found, table = both(text)
    assert found.layout == "ztf light curve"
    assert list(table.band) == ["g"]
    assert table.notes == {"oid": ["686103400034440"]}
    assert table.left_out == 1


def test_alerce_detections_as_csv_and_json():
    rows = [
        {"candid": "1", "mjd": 59000.1, "fid": 1, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": 1},
        {"candid": "2", "mjd": 59001.1, "fid": 2, "magpsf": 18.5, "sigmapsf": 0.2, "isdiffpos": -1},
    ]
    text = "\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)])
    for content in (text, json.dumps(rows), json.dumps({"detections": rows, "non_detections": []})):
        found, table = both(content)
        assert found.layout == "alerce"
        assert list(table.band) == ["g", "r"]
        assert table.negative.tolist() == [False, True]
        assert table.notes == {"candid": ["1", "2"]}


def test_snana_text():
    text = (
        "SURVEY: DES\nSNID: 1246275\nNOBS: 2\nNVAR: 6\n"
        "VARLIST: MJD FLT FIELD FLUXCAL FLUXCALERR MAG\nOBS: 56194.145 g NULL 7.6 4.68 25.3\n"
        "OBS: 56194.156 r NULL -3.875 2.244 128\nOBS: 56195.1 r NULL\nEND:\n"
    )
    found, table = both(text, "des.dat")
    assert found.layout == "snana"
    assert table.brightness == pytest.approx([7.6 * 36.30780547701014, -3.875 * 36.30780547701014])
    assert [(error.line, error.reason) for error in table.errors] == [
        (8, "has 3 values where 6 are expected")
    ]


def test_panstarrs_mean_and_detections():
    info = [
        {"name": name}
        for name in ("objID", "epochMean", "gMeanPSFMag", "gMeanPSFMagErr", "rMeanPSFMag", "rMeanPSFMagErr")
    ]
    told = {
        "info": info,
        "data": [
            ["110651501000012345", 56000.5, 18.231, 0.01, -999.0, -999.0],
            ["1", 56001.5, -999, -999, 19.5, 0.02],
        ],
    }
    found, table = both(json.dumps(told), "mean.json")
    assert found.layout == "panstarrs mean"
    assert sorted(zip(table.band, table.brightness.tolist(), strict=True)) == [("g", 18.231), ("r", 19.5)]
    text = "objID,filterID,obsTime,psfFlux,psfFluxErr\n1,1,56000.5,1e-5,1e-6\n1,5,56001.5,-999,-999\n"
    found, table = both(text)
    assert found.layout == "panstarrs detections"
    assert table.brightness == pytest.approx([10_000.0])
    assert list(table.band) == ["g"]


def test_asassn_csv():
    text = (
        "HJD,UT Date,Camera,FWHM,Limit,mag,mag_err,flux(mJy),flux_err,Filter\n"
        "2457420.54,2016-02-02.03,bb,1.4,17.6,15.1,0.01,3.2,0.05,V\n"
        "2457421.54,2016-02-03.03,bb,1.4,16.6,>16.6,99.99,0.1,99.99,V\n"
    )
    found, table = both(text)
    assert any("heliocentric" in problem for problem in found.problems)
    assert table.brightness[0] == 15.1
    assert table.limit[1] == 16.6


def test_own_export_comes_back():
    text = (
        "mjd_utc [d],time_utc [ISO 8601],band,kind,mag [mag],mag_err [mag],limit [mag],"
        "flux [nJy],flux_err [nJy],negative,source,telescope,instrument\r\n"
        "60000.0000001,2023-02-25T00:00:00.012345Z,r,detection,18.1,0.02,,209411.2,3857,0,ZTF,P48,ZTF\r\n"
        "60001.0000000,2023-02-26T00:00:00.000000Z,r,limit,,,20.5,,,0,ZTF,P48,ZTF\r\n"
    )
    found, table = both(text)
    assert found.layout == "tom"
    assert table.time_us[0] == MJD_60000_US + 12345
    assert (table.limit[1], table.source[0], table.telescope[1]) == (20.5, "ZTF", "P48")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2460000.5 18.10 0.02\n2460001.0 18.40 0.03\n", "unknown"),
        ("60000.0,18.10,0.02,r\n60000.5,18.40,0.03,r\n", "r"),
        ("r 60000.0 18.10 0.02\nr 60000.5 18.40 0.03\n", "r"),
        ("HJD-2450000 mag err\n10000.5 18.10 0.02\n10001.0 18.40 0.03\n", "unknown"),
        ("BTJD,mag,err\n3000.5,18.10,0.02\n3001.0,18.40,0.03\n", "unknown"),
        ("MJD,mag,err,filter\nd,mag,mag,\n60000.0,18.1,0.02,r\n60000.5,18.4,0.03,r\n", "r"),
        ("sep=;\nMJD;mag;err;filter\n60000,0;18,1;0,02;r\n60000,5;18,4;0,03;r\n", "r"),
    ],
    ids="nameless band-last band-first HJD-2450000 BTJD units-row sep=".split(),
)
def test_tables_without_names_or_with_odd_ones(text, expected):
    found, table = both(text, "lc.dat")
    assert found.kind == "photometry"
    assert table.errors == []
    assert table.time_us[1] - table.time_us[0] == 43_200_000_000
    assert abs(table.time_us[0] - MJD_60000_US) < 70_000_000  # BTJD is in TDB
    assert (table.brightness.tolist(), table.error.tolist()) == ([18.1, 18.4], [0.02, 0.03])
    assert set(table.band) == {expected}


def test_column_of_units_is_heeded():
    _, table = both("mjd,filter,flux,flux_err,unit\n60000,r,1.5,0.1,mJy\n60001,r,1.6,0.1,mJy\n")
    assert table.brightness.tolist() == [1.5e6, 1.6e6]
    _, table = both("mjd,filter,brightness,brightness_error,unit\n60000,r,1.5,0.1,mJy\n60001,r,1.6,0.1,mJy\n")
    assert (table.brightness.tolist(), set(table.unit)) == ([1.5e6, 1.6e6], {"nJy"})
    found, _ = both("mjd,filter,flux,unit\n60000,r,1.5,mJy\n60001,r,1.6,uJy\n")
    assert "The column 'unit' tells several units (mJy, uJy); one is expected." in found.problems


def test_title_above_the_header_and_words_for_no_value():
    text = "Gaia20abc\n#Date,JD(TCB),averagemag.\n2020-01-01,2460000.5,18.1\n2020-01-02,2460001.5,untrusted\n"
    found, table = both(text, "lightcurve.csv")
    assert meanings(found) == {"time": "JD(TCB)", "magnitude": "averagemag."}
    assert (table.time_us.tolist(), table.left_out, table.errors) == ([MJD_60000_US], 1, [])


def test_dates_that_are_no_iso_are_named_as_such():
    _, table = both("date;magnitude\n01/02/2023;18,1\n02/02/2023;18,2\n")
    assert [error.reason for error in table.errors] == ["is no time (Date and time (ISO))"] * 2


def test_header_without_rows_is_said():
    found, table = both("mjd,filter,mag\n")
    assert "The file holds no rows." in found.problems
    assert len(table) == 0


def test_numbered_pairs_are_no_spectrum():
    text = "\n".join(f"{row} {row * 2}" for row in range(1, 60))
    assert recognise(io.BytesIO(text.encode()), "pairs.txt").kind == "file"


def test_time_column_of_astropy_tells_its_scale():
    written = Table({"band": ["r", "g"], "mag": [18.1, 18.4]})
    written["time"] = Time([60000.0, 60000.5], format="mjd", scale="tai")
    text = io.StringIO()
    written.write(text, format="ascii.ecsv")
    found, table = both(text.getvalue(), "t.ecsv")
    assert found.options["time_scale"] == "tai"
    assert table.time_us[0] == MJD_60000_US - 37_000_000


def test_user_may_say_otherwise():
    content = b"a,b,c\n60000,18.0,r\n60001,18.5,g\n"
    mapping = Mapping(
        "photometry",
        "",
        {"a": "time", "b": "magnitude", "c": "band"},
        {"time_format": "mjd", "time_scale": "tai"},
    )
    table = read_photometry(io.BytesIO(content), "t.csv", mapping)
    assert table.time_us[0] == MJD_60000_US - 37_000_000
    with pytest.raises(FormatError, match="no column 'x'"):
        read_photometry(io.BytesIO(content), "t.csv", Mapping("photometry", "", {"x": "time"}, {}))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"kind": "painting"}, "kind"),
        ({"kind": "photometry", "meanings": {"a": "colour"}}, "no meaning"),
        ({"kind": "photometry", "meanings": {"a": "time", "b": "time"}}, "both"),
        ({"kind": "photometry", "options": {"time_scale": "bst"}}, "none of"),
        ({"kind": "photometry", "options": {"zero_point": "bright"}}, "no number"),
        ({"kind": "photometry", "options": {"spin": 1}}, "no option"),
        ({"kind": "photometry", "meanings": ["a"]}, "object"),
        (["kind"], "object"),
    ],
)
def test_mapping_of_a_stranger_is_refused_with_words(value, words):
    with pytest.raises(FormatError, match=words):
        Mapping.from_json(value)
