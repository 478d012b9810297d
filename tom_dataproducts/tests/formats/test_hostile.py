"""Files that are broken, lying or made to harm: each gets words, quickly, and nothing else happens."""

import bz2
import gzip
import io
import lzma
import time

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from tom_dataproducts.exceptions import InvalidFileFormatException
from tom_dataproducts.formats import FormatError, read_photometry, read_spectra, recognise
from tom_dataproducts.formats.times import iso_to_us

NOW_US = iso_to_us("2026-11-21T00:00:00")
TOO_LONG = "is longer than 32 characters, or holds control characters"
HEAD = "mjd,filter,mag,error\n"


def read(text):
    content = text.encode() if isinstance(text, str) else text
    return read_photometry(io.BytesIO(content), "t.csv", now_us=NOW_US)


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        ("sixty,r,18,0.1", "mjd", "sixty", "is no time (MJD)"),
        ("inf,r,18,0.1", "mjd", "inf", "is no time (MJD)"),
        (",r,18,0.1", "mjd", "", "there is no time"),
        ("99999,r,18,0.1", "mjd", "99999", "lies in the future (2132-08-31 as MJD)"),
        ("-99999,r,18,0.1", "mjd", "-99999", "lies before 1850 (1585-02-02 as MJD)"),
        ("1e300,r,18,0.1", "mjd", "1e300", "is no time (MJD)"),
        ("60001,r,bright,0.1", "mag", "bright", "is no number"),
        ("60001,r,1_8,0.1", "mag", "1_8", "is no number"),
        ("60001,r,inf,0.1", "mag", "inf", "is infinite"),
        ("60001,r,75,0.1", "mag", "75", "is no magnitude: -40 to 60"),
        ("60001,r,18,-0.1", "error", "-0.1", "an error cannot be negative"),
        ("60001,r,18,?!", "error", "?!", "is no number"),
        ("60001,r,18", "", "60001,r,18", "has 3 values where 4 are expected"),
        ("60001,r,18,0.1,5,6", "", "60001,r,18,0.1,5,6", "has 6 values where 4 are expected"),
        (
            f"60001,{'r' * 40},18,0.1",
            "filter",
            "r" * 40,
            TOO_LONG,
        ),
        (
            "60001,r\x07,18,0.1",
            "filter",
            "r\x07",
            TOO_LONG,
        ),
    ],
)
def test_wrong_row_is_named_and_the_others_are_read(row, column, value, reason):
    table = read(f"{HEAD}60000,r,18.0,0.1\n{row}\n60002,r,18.2,0.1\n")
    assert [(error.line, error.column, error.value, error.reason) for error in table.errors] == [
        (3, column, value, reason)
    ]
    assert table.brightness.tolist() == [18.0, 18.2]
    assert (table.bad_rows, table.left_out) == (1, 0)


def test_row_without_a_measurement_is_left_out_not_wrong():
    table = read(f"{HEAD}60000,r,18.0,0.1\n60001,r,nan,\n60002,r,99.99,99.99\n60003,r,-999,-999\n")
    assert (len(table), table.left_out, table.bad_rows) == (1, 3, 0)


def test_thousands_of_wrong_rows_are_counted_and_the_first_thousand_told():
    table = read(HEAD + "60000,r,18,0.1\n" + "60001,r,x,0.1\n" * 5000)
    assert (table.bad_rows, len(table.errors), len(table)) == (5000, 1000, 1)


def test_two_columns_of_one_name_are_both_shown():
    found = recognise(io.BytesIO(b"mjd,mag,mag,filter\n60000,18,19,r\n"), "t.csv")
    assert [column.name for column in found.columns] == ["mjd", "mag", "mag (2)", "filter"]
    assert "Two columns are called 'mag'; one is shown as 'mag (2)'." in found.problems


def test_text_that_is_not_utf8_is_read_and_said():
    found = recognise(io.BytesIO(b"# by M\xfcller\nmjd,mag,filter\n60000,18,r\n60001,18,r\n"), "t.csv")
    assert found.kind == "photometry"
    assert found.problems[0] == "The text is not UTF-8 (line 1, byte 0xfc); it is read as Latin-1."
    utf16 = recognise(io.BytesIO("mjd,mag,filter\n60000,18,r\n60001,18,r\n".encode("utf-16")), "t.csv")
    assert (utf16.kind, utf16.problems[0]) == ("photometry", "The text is UTF-16.")


@pytest.mark.parametrize("reader", [recognise, read_photometry, read_spectra])
def test_empty_file_is_refused(reader):
    with pytest.raises(FormatError, match=r"empty \(0 bytes\)"):
        reader(io.BytesIO(b""), "empty.csv")


# UTF-16 without a mark, in whose remark stand two signs for each byte of "<VOTABLE".
WIDE_DOCUMENT_TYPE = (
    f"<!--{b'<VOTABLE'.decode('utf-16-le')}--><!DOCTYPE a [<!ENTITY b 'c'>]><VOTABLE>&b;</VOTABLE>"
).encode("utf-16-le")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\n\n\n", "no rows"),
        (b"# only a comment\n", "no rows"),
        (b"word\nword\nword\n", "one field only"),
        (b"just some prose, that goes on\nand on for a while.\n", "no table|No column"),
        (b"\x00\x01\x02", "null characters"),
        (b"\x1f\x8b\x08garbage", "damaged"),
        (gzip.compress(b"mjd,mag\n60000,18\n" * 100)[:-40], "too early|damaged"),
        (b"<VOTABLE><RESOURCE><TABLE></VOTABLE>", "cannot be read"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><VOTABLE>&a;</VOTABLE>', "entities"),
        (WIDE_DOCUMENT_TYPE, "document type"),
        (b"SIMPLE  =                    T", "cannot be read"),
        (b'{"data": [1, 2', "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"# %ECSV 1.0\n# ---\n# datatype: [\nmjd mag\n60000 18\n", "ECSV"),
        (b"a,b\n1,2\n", "No column"),
    ],
)
def test_what_is_no_table_is_refused_with_words(content, words):
    with pytest.raises(InvalidFileFormatException, match=words):
        read(content)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_bomb_is_not_expanded(pack):
    content = pack(b"\n" * 20_000_000)
    start = time.perf_counter()
    with pytest.raises(FormatError, match="grows beyond"):
        read(content)
    assert time.perf_counter() - start < 20


def test_one_line_of_a_hundred_megabytes_is_refused():
    with pytest.raises(FormatError, match="characters long"):
        read(b"mjd,mag,filter\n" + b"1" * 100_000_000)


def test_nested_header_does_not_grow_when_it_is_read():
    laughs = "\n".join(
        f"#   a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)
    )
    head = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: mjd, datatype: float64, unit: d}\n"
    head += "# - {name: mag, datatype: float64}\n# - {name: filter, datatype: string}\n# meta:\n"
    head += "#   a0: &a0 [object]\n"
    text = f"{head}{laughs}\n#   object: *a11\nmjd mag filter\n60000 18 r\n"
    start = time.perf_counter()
    found = recognise(io.BytesIO(text.encode()), "t.ecsv")
    assert (found.kind, found.facts) == ("photometry", {})
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("promised", [10**6, 10**10, 10**15, -5])
@pytest.mark.parametrize("kind", ["table", "spectrum"])
def test_fits_that_promises_more_than_it_holds_is_refused(kind, promised):
    header = fits.Header([("CTYPE1", "WAVE"), ("CRVAL1", 4000.0), ("CDELT1", 1.0)])
    primary = fits.PrimaryHDU(
        np.zeros(100) if kind == "spectrum" else None, header if kind == "spectrum" else None
    )
    columns = [fits.Column(name, "D", array=np.full(100, 60000.0)) for name in ("MJD", "MAG")]
    file = io.BytesIO()
    fits.HDUList([primary, fits.BinTableHDU.from_columns(columns)]).writeto(file)
    card, length = ("NAXIS1", 100) if kind == "spectrum" else ("NAXIS2", 100)
    old, new = f"{card:8}= {length:20}", f"{card:8}= {promised:20}"
    content = file.getvalue().replace(old.encode(), new.encode(), 1)
    assert content != file.getvalue()
    reader = read_spectra if kind == "spectrum" else read
    with pytest.raises(FormatError):
        reader(io.BytesIO(content) if kind == "spectrum" else content)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("curve.fits", b"mjd,filter,mag\n60000,r,18\n60001,r,18\n", "photometry"),
        ("curve.png", b"mjd,filter,mag\n60000,r,18\n60001,r,18\n", "photometry"),
        ("curve.csv", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "picture"),
        ("curve.csv", b"%PDF-1.7", "file"),
    ],
)
def test_wrong_ending_does_not_deceive(name, content, kind):
    found = recognise(io.BytesIO(content), name)
    assert found.kind == kind
    if kind != "file":
        assert "another kind of file" in found.problems[0]


def test_word_of_the_owner_that_cannot_be_true_is_refused():
    with pytest.raises(FormatError, match="cannot be read as photometry"):
        recognise(io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"\x00" * 100), "curve.csv", "photometry")
    with pytest.raises(FormatError, match="cannot be read as a spectrum"):
        recognise(io.BytesIO(b"word\nanother\n"), "spectrum.txt", "spectroscopy")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_recognition(content):
    try:
        found = recognise(io.BytesIO(content), "file")
    except FormatError as error:
        assert str(error)
    else:
        assert found.mapping().kind == found.kind


_CELL = st.one_of(
    st.floats(width=32).map(str),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(
        ["", "nan", "inf", "-", ">18", "<1", "r", "60000.5", "0.1", "2023-01-01", "\x00", "1e999"]
    ),
    st.text(max_size=8),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(_CELL, min_size=1, max_size=6), max_size=12),
    st.sampled_from([",", ";", "\t", " ", "|"]),
)
def test_every_row_is_read_left_out_or_wrong(rows, separator):
    head = separator.join(["mjd", "filter", "mag", "error"])
    first = separator.join(["60000.5", "r", "18.0", "0.1"])
    text = "\n".join([head, first, *(separator.join(row) for row in rows)])
    try:
        table = read(text.encode("utf-8", "surrogatepass"))
    except FormatError as error:
        assert str(error)
        return
    assert np.isfinite(table.brightness).all() or np.isfinite(table.limit[np.isnan(table.brightness)]).all()
    assert (table.time_us <= NOW_US + 86_400_000_000).all()
    assert not (table.error < 0).any()
    assert all(0 < len(band) <= 32 for band in table.band)
    assert table.bad_rows >= len(table.errors)
    assert all(error.reason and error.line >= 1 for error in table.errors)
