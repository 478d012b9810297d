"""Says what a file seems to be, and proposes how to read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, BinaryIO

from tom_dataproducts.formats import meanings as m
from tom_dataproducts.formats.fits_files import recognise_fits
from tom_dataproducts.formats.guessing import (
    flux_options,
    looks_like_wavelengths,
    magnitude_system_of,
    photometry_meanings,
    spectrum_meanings,
    time_options,
    told_unit,
)
from tom_dataproducts.formats.layouts import bare, layout_of
from tom_dataproducts.formats.opening import (
    head_of,
    is_fits,
    is_votable,
    other_kind,
    picture_kind,
)
from tom_dataproducts.formats.raw_tables import RawTable
from tom_dataproducts.formats.recognition import (
    FILE,
    PHOTOMETRY,
    PICTURE,
    SPECTROSCOPY,
    Column,
    FormatError,
    Mapping,
    Recognition,
)
from tom_dataproducts.formats.spectrum_comments import comment_options
from tom_dataproducts.formats.tables import read_table

_EXTENSIONS = {
    "fits": (".fits", ".fit", ".fts", ".fz"),
    "votable": (".xml", ".vot", ".votable"),
    "picture": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp"),
}
_DECIMAL_COMMA = re.compile(r"[<>]?\s*[-+]?\d+,\d+([eE][-+]?\d+)?")
_TABLE_ENDS = (".csv", ".tsv", ".txt", ".dat", ".ascii", ".ecsv", ".tbl", ".asc", ".json", ".lc", ".spec")


def recognise(file: BinaryIO, name: str = "", kind: str | None = None) -> Recognition:
    """Return what a file seems to be.

    Parameters
    ----------
    file : binary file
        Rewound and read, not closed.
    name : str
        Its name; what it holds counts more.
    kind : str, optional
        What its owner says that it is: ``photometry`` or ``spectroscopy``.

    Raises
    ------
    FormatError
        If it is empty, damaged, or its owner's word cannot be true; the text is for the owner.
    """
    head = head_of(file)
    found = _by_content(file, name, head, kind)
    if kind in (PHOTOMETRY, SPECTROSCOPY) and found.kind != kind:
        said = "photometry" if kind == PHOTOMETRY else "a spectrum"
        reason = f" {found.problems[-1]}" if found.problems else ""
        raise FormatError(f"The file cannot be read as {said}.{reason}")
    wrong = _wrong_extension(name, head)
    return _with_problems(found, [wrong] if wrong else [])


def _by_content(file: BinaryIO, name: str, head: bytes, kind: str | None) -> Recognition:
    if picture := picture_kind(head):
        return Recognition(PICTURE, picture)
    if other := other_kind(head):
        return Recognition(FILE, other, problems=[f"A file of the kind {other} is kept, not read."])
    if is_fits(head):
        return recognise_fits(file, kind, photometry_recognition)
    if not is_votable(head) and (b"\x00" in head[:4096] and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        return Recognition(FILE, problems=["The file is of an unknown binary format."])
    try:
        table = read_table(file, sample_only=True)
    except FormatError as error:
        return Recognition(FILE, "text", problems=[str(error)])
    return _recognise_table(table, kind)


def _recognise_table(table: RawTable, kind: str | None) -> Recognition:
    spectral = spectrum_meanings(table)
    photometric = photometry_meanings(table)
    names_wavelength = m.WAVELENGTH in spectral.values() and m.FLUX in spectral.values()
    has_points = m.TIME in photometric.values() and bool(
        {m.MAGNITUDE, m.FLUX, m.LIMIT, m.FLUX_LIMIT} & set(photometric.values())
    )
    known = layout_of(table.names)
    if kind != PHOTOMETRY and known is None and names_wavelength and (not has_points or kind == SPECTROSCOPY):
        return _spectrum_recognition(table, spectral)
    if known is not None or has_points or kind == PHOTOMETRY:
        return photometry_recognition(table)
    if kind == SPECTROSCOPY or looks_like_wavelengths(table):
        return _spectrum_recognition(table, spectral)
    shown = _columns(table, {})
    return Recognition(
        FILE,
        table.layout,
        columns=shown,
        problems=[*table.problems, "No column tells a time with a brightness, or a wavelength with a flux."],
        row_count=_row_count(table),
    )


def _columns(table: RawTable, meanings: dict[str, str]) -> list[Column]:
    return [
        Column(name, table.units[place], table.examples(place), meanings.get(name, m.IGNORE))
        for place, name in enumerate(table.names)
    ]


def _row_count(table: RawTable) -> int | None:
    return None if table.meta.get("is_sample") else len(table)


def photometry_recognition(table: RawTable) -> Recognition:
    """Return what a table of photometry seems to mean."""
    layout = layout_of(table.names)
    problems = list(table.problems)
    options: dict[str, Any]
    if layout is not None:
        meanings = {}
        for name in table.names:
            meaning = layout.meanings.get(bare(name))
            if meaning and (meaning in m.REPEATABLE or meaning not in meanings.values()):
                meanings[name] = meaning
        options = dict(layout.options)
    else:
        meanings = photometry_meanings(table)
        options, said = _guessed_options(table, meanings)
        problems += said
    if _has_decimal_commas(table, meanings):
        options["decimal_comma"] = True
        problems.append("Numbers have a decimal comma.")
    if not len(table):
        problems.append("The file holds no rows.")
    if table.bad_rows:
        problems.append(f"{table.bad_rows:,} of the rows cannot be read; the first: {table.errors[0]}.")
    name = layout.name if layout is not None else table.layout
    return Recognition(
        PHOTOMETRY, name, _columns(table, meanings), options, problems, _row_count(table), _facts(table)
    )


def photometry_mapping(table: RawTable) -> Mapping:
    """Return the proposal how to read a table of photometry."""
    return photometry_recognition(table).mapping()


def _guessed_options(table: RawTable, meanings: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    unit_of_column, odd = told_unit(table, meanings)
    by_meaning = {meaning: name for name, meaning in meanings.items()}
    options: dict[str, Any] = {}
    problems: list[str] = []
    if time := by_meaning.get(m.TIME):
        options, problems = time_options(table, time)
    else:
        problems.append("No column looks like a time.")
    if not {m.MAGNITUDE, m.FLUX, m.LIMIT, m.FLUX_LIMIT} & set(by_meaning):
        problems.append("No column looks like a magnitude, a flux or a limit.")
    if {m.MAGNITUDE, m.LIMIT} & set(by_meaning) and m.MAGNITUDE_SYSTEM not in by_meaning:
        name = by_meaning.get(m.MAGNITUDE) or by_meaning[m.LIMIT]
        unit = table.units[table.names.index(name)]
        system = magnitude_system_of([unit, unit_of_column, name, *table.comments])
        options["magnitude_system"] = system or "AB"
        if system is None:
            problems.append("No magnitude system is named; AB is assumed.")
    if flux := by_meaning.get(m.FLUX) or by_meaning.get(m.FLUX_LIMIT):
        found, said = flux_options(table.units[table.names.index(flux)] or unit_of_column, flux)
        if found["flux_unit"] != "counts" and m.ZERO_POINT in by_meaning and said:
            found, said = {"flux_unit": "counts"}, []
        options |= found
        problems += said
    if m.BAND not in by_meaning:
        problems.append("No column tells the band; name it, or the points are stored under 'unknown'.")
    return options, [*problems, *odd]


def _has_decimal_commas(table: RawTable, meanings: dict[str, str]) -> bool:
    numeric = {m.TIME, m.MAGNITUDE, m.MAGNITUDE_ERROR, m.FLUX, m.FLUX_ERROR, m.LIMIT, m.WAVELENGTH}
    for name, meaning in meanings.items():
        if meaning in numeric:
            examples = table.examples(table.names.index(name))
            if examples and all(
                re.fullmatch(r"[<>]?\s*[-+]?\d+,\d+([eE][-+]?\d+)?", text) for text in examples
            ):
                return True
    return False


def _spectrum_recognition(table: RawTable, meanings: dict[str, str]) -> Recognition:
    options, problems = comment_options(table)
    problems = [*table.problems, *problems]
    if not {m.WAVELENGTH, m.FLUX} <= set(meanings.values()):
        problems.append("No column looks like a wavelength with a flux.")
    if _has_decimal_commas(table, meanings):
        options["decimal_comma"] = True
    return Recognition(
        SPECTROSCOPY,
        f"spectrum, {table.layout}",
        _columns(table, meanings),
        options,
        problems,
        _row_count(table),
        _facts(table),
    )


def spectrum_mapping(table: RawTable) -> Mapping:
    """Return the proposal how to read a table that is a spectrum."""
    return _spectrum_recognition(table, spectrum_meanings(table)).mapping()


def _facts(table: RawTable) -> dict[str, str]:
    kept = ("snid", "survey", "iauc", "object", "target")
    return {key: str(value)[:100] for key, value in table.meta.items() if key.lower() in kept}


def _wrong_extension(name: str, head: bytes) -> str | None:
    lowered = re.sub(r"\.(gz|bz2|xz)$", "", name.lower())
    real = (
        "fits"
        if is_fits(head)
        else "picture"
        if picture_kind(head)
        else "votable"
        if is_votable(head)
        else "other"
    )
    named = next((kind for kind, ends in _EXTENSIONS.items() if lowered.endswith(ends)), None)
    if named is None and lowered.endswith(_TABLE_ENDS):
        named = "other"
    if named is None or named == real or (named == "other" and real == "votable"):
        return None
    words = {
        "fits": "FITS",
        "picture": "a picture",
        "votable": "a VOTable",
        "other": "neither FITS nor a picture",
    }
    return f"The name ends as that of another kind of file: it is {words[real]}."


def _with_problems(found: Recognition, more: Iterable[str]) -> Recognition:
    more = list(more)
    return replace(found, problems=[*more, *found.problems]) if more else found
