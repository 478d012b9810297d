import csv
import io
import tracemalloc
import zipfile
from datetime import UTC, datetime

import pytest

from tom_dataproducts.zip_stream import MANIFEST, Entry, Names, safe_part, zip_stream

STORED = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


def entry(folder, name, content=b"x", **options):
    return Entry(folder, name, STORED, lambda: io.BytesIO(content), **options)


def opened(entries, **options):
    return zipfile.ZipFile(io.BytesIO(b"".join(zip_stream(entries, **options))))


def manifest(archive):
    return list(csv.DictReader(io.StringIO(archive.read(MANIFEST).decode())))


def test_files_lie_in_the_archive_as_they_were():
    archive = opened(
        [entry("SN 2026a", "curve.csv", b"a,b\n" * 1000), entry("M 31", "image.fits.fz", b"\0" * 99)]
    )
    assert archive.testzip() is None
    assert archive.read("SN 2026a/curve.csv") == b"a,b\n" * 1000
    assert archive.getinfo("SN 2026a/curve.csv").compress_type == zipfile.ZIP_DEFLATED
    assert archive.getinfo("M 31/image.fits.fz").compress_type == zipfile.ZIP_STORED
    assert archive.getinfo("M 31/image.fits.fz").date_time == (2026, 11, 1, 12, 30, 0)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("..", "../../etc/passwd"),
        ("/root", "/etc/passwd"),
        ("C:\\Windows", "..\\..\\boot.ini"),
        ("a\x00b", "x\n.csv"),
        ("", ""),
        (".", "..."),
        ("con", "NUL.txt"),
        ("x" * 400, "y" * 400 + ".fits"),
    ],
)
def test_no_name_leaves_its_folder(folder, name):
    found = Names().fit(folder, name)
    parts = found.split("/")
    assert len(parts) == 2
    assert all(part and part.strip(". ") == part and len(part) <= 130 for part in parts)
    assert not set(found) & set('\\:\x00\n<>"|?*')
    assert all(part.partition(".")[0].lower() not in ("con", "nul") for part in parts)


def test_equal_names_are_told_apart_also_where_case_does_not_count():
    names = Names()
    assert [names.fit("SN", name) for name in ("a.fits.fz", "A.fits.fz", "a.fits.fz")] == [
        "SN/a.fits.fz",
        "SN/A (2).fits.fz",
        "SN/a (3).fits.fz",
    ]


def test_unicode_names_stay():
    assert safe_part("Šárka – spectre n°1.csv", "file") == "Šárka – spectre n°1.csv"


def test_missing_and_broken_files_stand_in_the_manifest_and_the_others_are_there():
    def missing():
        raise FileNotFoundError(2, "No such file or directory")

    class Breaking(io.BytesIO):
        def read(self, size=-1):
            if self.tell() >= 4:
                raise OSError(5, "Input/output error")
            return super().read(4)

    entries = [
        Entry("SN", "gone.csv", STORED, missing, note=("7",)),
        Entry("SN", "half.csv", STORED, lambda: Breaking(b"12345678"), note=("8",)),
        entry("SN", "=whole.csv", b"12", note=("9",)),
    ]
    archive = opened(entries, note_columns=("key",))
    assert archive.testzip() is None
    assert archive.namelist() == ["SN/half.csv", "SN/=whole.csv", MANIFEST]
    rows = [(row["file"], row["state"], row["bytes"], row["reason"], row["key"]) for row in manifest(archive)]
    assert rows == [
        ("SN/gone.csv", "missing", "0", "No such file or directory", "7"),
        ("SN/half.csv", "broken off", "4", "Input/output error", "8"),
        ("SN/=whole.csv", "complete", "2", "", "9"),
    ]


def test_a_file_called_like_the_manifest_is_another_one():
    archive = opened([entry("SN", MANIFEST), entry("SN", "manifest.csv")])
    assert len(set(archive.namelist())) == 3


def test_memory_is_flat_whatever_is_sent():
    class Zeros(io.RawIOBase):
        left = 200_000_000

        def read(self, size=-1):
            piece = min(size, self.left)
            self.left -= piece
            return b"\0" * piece

    stream = zip_stream([Entry("SN", f"{number}.fits.fz", STORED, Zeros) for number in range(2)])
    tracemalloc.start()
    try:
        total = sum(len(piece) for piece in stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 400_000_000
    assert peak < 5_000_000
