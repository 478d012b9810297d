"""What files are understood, and what is said of those that are not."""

import gzip
import io

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from tom_targets.transfer.input_files import FileError
from tom_targets.transfer.kept_files import sample_of
from tom_targets.transfer.mapping import Mapped, check_mapping, propose
from tom_targets.transfer.parsing import Parser
from tom_targets.transfer.reading import open_table
from tom_targets.transfer.text_readers import joined, split_names


@pytest.fixture
def opened(tmp_path):
    def open_(content, name="targets.csv", **options):
        path = tmp_path / "input"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_table(path, name, scratch=tmp_path, **options)

    return open_


def rows_of(reader, **places):
    """Return the rows of a file, its columns mapped as proposed but for those named."""
    mapping = [
        Mapped(one.column, places.get(one.column, one.place), one.unit) for one in propose(reader.columns, {})
    ]
    parser, found = Parser(mapping), None
    for chunk in reader.chunks(1000):
        rows = parser.read(chunk)
        if found is None:
            found = rows
        else:
            found.append(rows)
    return found


def reasons(rows):
    return [(problem.row, problem.column, problem.reason) for problem in rows.problems]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_found(opened, delimiter):
    reader = opened(f"name{delimiter}ra{delimiter}dec\nA{delimiter}1.5{delimiter}-2\n")
    assert [column.name for column in reader.columns] == ["name", "ra", "dec"]
    assert rows_of(reader).floats["dec"].tolist() == [-2.0]


def test_byte_order_mark_and_windows_line_ends_are_no_matter(opened):
    rows = rows_of(opened(b"\xef\xbb\xbfname,ra,dec\r\nA,1,2\r\n"))
    assert (rows.names, rows.problems) == (["A"], [])


def test_commented_header_is_found(opened):
    reader = opened("# made by us\n#Name, RaDeg, DecDeg\nGaia26abc,1.5,2.5\n")
    assert [column.name for column in reader.columns] == ["Name", "RaDeg", "DecDeg"]
    assert rows_of(reader).floats["ra"].tolist() == [1.5]


def test_units_in_headers_are_read(opened):
    reader = opened("name,ra [hourangle],dec,parallax (arcsec)\nA,12,2,0.01\n")
    rows = rows_of(reader)
    assert rows.floats["ra"].tolist() == [180.0]
    assert rows.floats["parallax"].tolist() == pytest.approx([10.0])


def test_sexagesimal_right_ascension_is_in_hours_and_degrees_stay_degrees(opened):
    rows = rows_of(
        opened("name,ra,dec\nA,12:00:00,-05:30:00\nB,12.5,-5.5\nC,12h00m00s,-5d30m\nD,12 00 00,-0 30 00\n")
    )
    assert rows.floats["ra"].tolist() == pytest.approx([180.0, 12.5, 180.0, 180.0])
    assert rows.floats["dec"].tolist() == pytest.approx([-5.5, -5.5, -5.5, -0.5])
    assert rows.problems == []


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("A,x,2", "ra", "x is not a right ascension"),
        ("A,1,two", "dec", "two is not a declination"),
        ("A,361,2", "ra", "between 0 and 360"),
        ("A,1,-90.5", "dec", "between -90 and 90"),
        ("A,inf,2", "ra", "inf is not a finite number"),
        ("A,12:61:00,2", "ra", "12:61:00"),
        (",1,2", "name", "The target has no name."),
        (f"{'x' * 101},1,2", "name", "The name has 101 characters; at most 100 fit."),
        ("A\x00B,1,2", "name", "A name is one line of text; this one holds the character '\\x00'."),
        ("A,1", "", "The row has 2 values, the header 3."),
        ("A,1,2,3", "", "The row has 4 values, the header 3."),
        ('"A,1,2', "", "a quotation mark may not be closed"),
    ],
)
def test_a_broken_row_says_where_and_why_and_the_next_one_is_read(opened, row, column, reason):
    rows = rows_of(
        opened(f"name,ra,dec\n{row}\ngood,1,2\n" if '"' not in row else f"name,ra,dec\ngood,1,2\n{row}\n")
    )
    (problem,) = rows.problems
    assert problem.column == column
    assert reason in problem.reason
    assert problem.row == (2 if '"' in row else 1)
    assert "good" in rows.names


def test_lines_of_the_file_are_told(opened):
    rows = rows_of(opened('name,ra,dec,note\nA,1,2,"two\nlines"\n\nC,x,2,\n'))
    assert [(problem.row, problem.line) for problem in rows.problems] == [(2, 5)]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.csv", "empty (0 bytes)"),
        (b"\n\n", "a.csv", "no line of text"),
        (b"name,ra,ra\n", "a.csv", "'ra' stands in the header twice"),
        ("name\nNova é\n".encode("latin-1"), "a.csv", "byte 0xE9 in line 2"),
        ("name\nA\n".encode("utf-16"), "a.csv", "UTF-16"),
        (b"PK\x03\x04xxxx", "a.xlsx", "a zip archive or a spreadsheet"),
        (b"<html><body>", "a.vot", "XML or HTML, but no VOTable"),
        (
            b'<?xml version="1.0"?><!DOCTYPE v [<!ENTITY a "b">]><VOTABLE>',
            "a.vot",
            "entities or a document type",
        ),
        (
            f"<!--{b'<VOTABLE'.decode('utf-16-le')}--><!DOCTYPE v [<!ENTITY a 'b'>]><VOTABLE>".encode(
                "utf-16-le"
            ),
            "a.vot",
            "entities or a document type",
        ),
        (b"<VOTABLE><RESOURCE>", "a.vot", "cannot be read"),
        (b"SIMPLE  =                    T", "a.fits", "FITS file"),
        (b'[{"name": "A"', "a.json", "JSON file is broken"),
        (b'{"a": 1, "b": ', "a.json", "JSON file is broken"),
        (b"[1, 2]", "a.json", "no list of objects"),
        (b"[" * 100_000, "a.json", "nested too deeply"),
        (b"# %ECSV 1.0\n# ---\n# nonsense: [\nname\n", "a.ecsv", "header of the ECSV file"),
        (gzip.compress(b"name\n", mtime=0)[:-4], "a.csv.gz", "cannot be unpacked"),
        (gzip.compress(gzip.compress(b"name\n", mtime=0), mtime=0), "a.csv.gz", "packed twice"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(opened, content, name, said):
    with pytest.raises(FileError) as raised:
        list(opened(content, name).chunks(10))
    assert said in str(raised.value)


def test_gzipped_file_is_unpacked_but_a_bomb_is_not(opened, settings):
    content = b"name,ra,dec\n" + b"A,1,2\n" * 40_000
    settings.TOM_IMPORT_MAX_MB = 0.3
    assert opened(gzip.compress(content), "a.csv.gz").columns
    settings.TOM_IMPORT_MAX_MB = 0.2
    with pytest.raises(FileError, match="Unpacked, the file has more than 200 kB"):
        opened(gzip.compress(content), "a.csv.gz")


def test_a_fits_table_that_is_cut_off_says_so(opened, tmp_path):
    path = tmp_path / "whole.fits"
    Table({"name": ["A"] * 2000, "ra": np.arange(2000) / 10.0}).write(path)
    with pytest.raises(FileError, match="cut off"):
        opened(path.read_bytes()[:9000], "a.fits")


@pytest.mark.parametrize(("suffix", "format"), [("ecsv", "ascii.ecsv"), ("vot", "votable"), ("fits", "fits")])
def test_tables_of_astropy_are_read_with_units_and_gaps(opened, tmp_path, suffix, format):
    table = Table(
        {
            "source_id": np.array([2**62 + 1, 7]),
            "ra": np.array([12.0, 1.0]),
            "dec": np.array([-5.0, 2.5]),
            "parallax": np.ma.array([0.01, 0.0], mask=[False, True]),
            "mag": np.array([18.2, np.nan], dtype="f4"),
        }
    )
    table["ra"].unit, table["dec"].unit, table["parallax"].unit = "hourangle", "deg", "arcsec"
    if suffix == "fits":  # which knows no hours
        table["ra"], table["ra"].unit = [180.0, 15.0], "deg"
    path = tmp_path / f"t.{suffix}"
    table.write(path, format=format)
    rows = rows_of(opened(path.read_bytes(), f"t.{suffix}"))
    assert rows.names == [str(2**62 + 1), "7"]
    assert rows.floats["ra"].tolist() == pytest.approx([180.0, 15.0])
    assert rows.floats["parallax"][0] == pytest.approx(10.0)
    assert np.isnan(rows.floats["parallax"][1])
    assert rows.extras["mag"] == ["18.2", ""]


def test_json_of_the_api_and_json_lines_are_read(opened):
    one = '{"name": "A", "ra": 1, "dec": 2, "aliases": [{"name": "B, C"}, "D"], "tags": {"class": "SN Ia"}}'
    for content in (f"[{one}]", f"{one}\n{one.replace('A', 'E')}\n", f'{{"count": 1, "results": [{one}]}}'):
        rows = rows_of(opened(content, "a.json"))
        assert rows.names[0] == "A"
        assert rows.aliases[0] == ["B, C", "D"]
        assert rows.extras["class"][0] == "SN Ia"


def test_header_of_the_transient_name_server_is_understood(opened):
    reader = opened("objid,name_prefix,name,ra,declination,redshift,type\n1,SN,2024abc,1,2,0.1,SN Ia\n")
    sample = {name: values for chunk in reader.chunks(10) for name, values in chunk.columns.items()}
    places = {one.column: one.place for one in propose(reader.columns, sample)}
    assert places["name"] == "name"
    assert places["declination"] == "dec"
    assert places["type"] == "extra:classification"
    assert places["redshift"] == "extra:redshift"


def test_a_mapping_without_name_or_with_a_place_taken_twice_is_refused():
    assert check_mapping([Mapped("a", "ra")]) == ["No column goes to the name of the target; choose one."]
    twice = [Mapped("n", "name"), Mapped("a", "ra"), Mapped("b", "ra")]
    assert check_mapping(twice) == ["The columns a, b all go to ra; choose one."]
    assert "no place 'nowhere'" in check_mapping([Mapped("n", "name"), Mapped("a", "nowhere")])[0]


def test_typed_extra_fields_are_checked(opened, settings):
    settings.EXTRA_FIELDS = [{"name": "redshift", "type": "number"}, {"name": "seen", "type": "boolean"}]
    rows = rows_of(opened("name,redshift,seen\nA,0.1,true\nB,far,true\nC,,maybe\n"))
    assert reasons(rows) == [
        (2, "redshift", "far is not a number, as the extra field redshift has to be."),
        (3, "seen", "maybe is not true or false, as the extra field seen has to be."),
    ]


def test_a_table_without_rows_is_read_as_such(opened):
    buffer = io.BytesIO()
    Table({"name": np.array([], dtype="U5")}).write(buffer, format="fits")
    assert list(opened(buffer.getvalue(), "a.fits").chunks(10)) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('A,"10,5",2', "decimal comma: write 10.5"),
        ("A,1_0,2", "is not a right ascension"),
        ("A\u202eB,1,2", "'\\u202e'"),
        ('"A\nB",1,2', "'\\n'"),
        (f"{'A' * 1_000_000},1,2", "The name has 1000000 characters"),
        (f"A,{'1' * 1_000_000},2", "is not a finite number"),
    ],
)
def test_what_would_be_misread_is_refused_for_its_row_alone(opened, line, reason):
    rows = rows_of(opened(f"name,ra,dec\n{line}\nB,3,4\n"))
    assert {problem.row for problem in rows.problems} == {1}
    assert reason in rows.problems[0].reason
    assert len(rows.problems[0].reason) < 200


@pytest.mark.parametrize("epoch", ["-1e9", "1e308", "500", "4000"])
def test_an_epoch_is_a_year_of_our_times(opened, epoch):
    rows = rows_of(opened(f"name,ra,dec,epoch\nA,1,2,{epoch}\nB,3,4,J2016.0\n"))
    assert [(problem.row, problem.column) for problem in rows.problems] == [(1, "epoch")]


def test_keys_and_times_of_another_toms_export_are_passed_over(opened):
    found = opened("id,name,type,created,modified,ra,dec\n1,A,SIDEREAL,2020-01-01,2020-01-01,1,2\n")
    places = {one.column: one.place for one in propose(found.columns, sample_of(found))}
    assert (places["id"], places["created"], places["modified"]) == ("", "", "")
    assert (places["name"], places["type"], places["ra"]) == ("name", "type", "ra")


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("A, B", ["A", "B"]),
        ("A;B; C", ["A", "B", "C"]),
        ('"A, 1",B', ["A, 1", "B"]),
        ("A; 1,B", ["A; 1", "B"]),
        (" ", []),
    ],
)
def test_names_of_a_cell(cell, names):
    assert split_names(cell) == names


@given(st.lists(st.text("ab,;\" '", min_size=1).map(str.strip).filter(bool), unique=True))
def test_names_written_into_a_cell_come_back(names):
    assert split_names(joined(names)) == names
