"""Tables with a column of magnitudes for each band, made long: a row for each band."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tom_dataproducts.formats import meanings as m
from tom_dataproducts.formats.guessing import photometry_meanings
from tom_dataproducts.formats.raw_tables import MISSING, RawTable

_BANDS = "u g r i z y U B V R I J H K Ks Y w c o G BP RP L up gp rp ip zs".split()
_NAME = re.compile(rf"(?:mag_?)?({'|'.join(sorted(_BANDS, key=len, reverse=True))})(?:_?mag)?")
_ERRORS = ("{}err", "{}error", "e{}", "d{}", "err{}", "sigma{}", "sig{}", "{}unc", "{}sigma")
_BRIGHT = {m.MAGNITUDE, m.FLUX, m.LIMIT, m.FLUX_LIMIT, m.BAND}


def long_by_band(table: RawTable) -> RawTable:
    """Return a table with columns such as ``MJD, g, g_err, r, r_err`` as one row for each band.

    A table that has a column of magnitudes, of fluxes or of bands stays as it is, as does one without a time.
    A band by its letter alone counts only where there are two of them: ``z`` may be a redshift.
    """
    meant = photometry_meanings(table)
    by_meaning = {meaning: name for name, meaning in meant.items()}
    if m.TIME not in by_meaning or _BRIGHT & set(by_meaning):
        return table
    bands = {name: found[1] for name in table.names if (found := _NAME.fullmatch(_bare(name)))}
    bands.pop(by_meaning[m.TIME], None)
    if len(set(bands.values())) < len(bands) or not bands:
        return table
    if len(bands) < 2 and all(_bare(name) == band for name, band in bands.items()):
        return table
    errors = {name: _error_of(name, band, table.names) for name, band in bands.items()}
    taken = {*bands, *filter(None, errors.values())}
    others = [name for name in table.names if name not in taken]
    return _made_long(table, bands, errors, others)


def _bare(name: str) -> str:
    return name.split("[")[0].split("(")[0].strip()


def _error_of(name: str, band: str, names: list[str]) -> str | None:
    plain = {_bare(other).replace("_", ""): other for other in names}
    stems = (_bare(name).replace("_", ""), f"{band}mag", band)
    wanted = [words.format(stem) for stem in stems for words in _ERRORS] + [f"magerr{band}"]
    return next((plain[word] for word in wanted if word in plain), None)


def _made_long(
    table: RawTable, bands: dict[str, str], errors: dict[str, str | None], others: list[str]
) -> RawTable:
    columns: dict[str, list[Any]] = {name: [] for name in others}
    found: dict[str, list[str]] = {"band": [], "magnitude": [], "magnitude_error": []}
    lines: list[int] = []
    texts = {name: table.texts(name) for name in others}
    for name, band in bands.items():
        values = table.texts(name)
        error = errors[name]
        sizes = table.texts(error) if error else [""] * len(values)
        known = [row for row, value in enumerate(values) if value.lower() not in MISSING]
        for other, cells in texts.items():
            columns[other] += [cells[row] for row in known]
        found["band"] += [band] * len(known)
        found["magnitude"] += [values[row] for row in known]
        found["magnitude_error"] += [sizes[row] for row in known]
        lines += table.lines[known].tolist()
    units = {name: table.units[place] for place, name in enumerate(table.names)}
    first = next(iter(bands))
    said = f"Each band has a column of its own ({', '.join(bands)}); a point for each of them is read."
    return RawTable(
        names=[*columns, *found],
        columns=[*columns.values(), *found.values()],
        lines=np.array(lines, np.int64),
        units=[*(units[name] for name in others), "", units[first], units[first]],
        comments=table.comments,
        meta=table.meta,
        errors=table.errors,
        bad_rows=table.bad_rows,
        problems=[*table.problems, said],
        layout=table.layout,
    )
