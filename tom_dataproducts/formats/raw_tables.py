"""Tables as they stand in files: columns of texts or numbers, before anybody says what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_dataproducts.formats.results import MAX_ERRORS, RowError

EXAMPLES = 5
MISSING = frozenset(
    {"", "nan", "null", "none", "na", "n/a", "--", "-", "---", "...", "masked", "inf", "-inf", "+inf"}
    | {"infinity", "-infinity", "<na>", "?", "untrusted"}
)
"""Texts in lower case that stand for no number."""


@dataclass
class RawTable:
    """Columns of a table, each a sequence of str or an array; all of one length.

    Attributes
    ----------
    names, units : list of str
        In the order of the file; names are unique.
    columns : list
    lines : ndarray of int
        Line in the file of each row.
    comments : list of str
        Lines of comment, without their sign.
    meta : dict
        What the header says of the whole table.
    errors : list of RowError
        Rows that do not fit.
    layout : str
        How the file is built.
    """

    names: list[str]
    columns: list[Any]
    lines: NDArray[np.int64]
    units: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    bad_rows: int = 0
    problems: list[str] = field(default_factory=list)
    layout: str = "text table"

    def __post_init__(self) -> None:
        if not self.units:
            self.units = [""] * len(self.names)

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> Any:
        """Return a column by its name."""
        return self.columns[self.names.index(name)]

    def texts(self, name: str) -> list[str]:
        """Return a column as texts without blanks around them; '' where there is nothing."""
        return texts_of(self.column(name))

    def examples(self, place: int) -> list[str]:
        """Return the first few values of a column as texts."""
        return [text[:40] for text in texts_of(self.columns[place][:EXAMPLES])]

    def note_error(self, line: int, column: str, value: object, reason: str) -> None:
        """Note a wrong row; it is counted, too."""
        self.bad_rows += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(RowError(line, column, str(value)[:80], reason))


def texts_of(column: Any) -> list[str]:
    """Return values as texts; '' where there is nothing."""
    if isinstance(column, np.ndarray):
        if column.dtype.kind == "S":
            return [value.decode("latin-1").strip() for value in column.tolist()]
        if column.dtype.kind == "f":
            return ["" if value != value else repr(value) for value in column.tolist()]
    return ["" if value is None else str(value).strip() for value in column]


@dataclass(frozen=True)
class Numbers:
    """A column as numbers: NaN where there is none; `wrong` are rows with something else."""

    values: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    infinite: NDArray[np.bool_]


def numbers_of(column: Any, *, decimal_comma: bool = False) -> Numbers:
    """Return a column as numbers.

    Parameters
    ----------
    column : sequence of str, or ndarray
    decimal_comma : bool
        Whether ``1,5`` is one and a half.
    """
    if isinstance(column, np.ndarray) and column.dtype.kind in "fiub":
        values = column.astype(np.float64)
        infinite = np.isinf(values)
        return Numbers(np.where(infinite, np.nan, values), np.zeros(len(values), bool), infinite)
    texts = texts_of(column) if isinstance(column, np.ndarray) else column
    if decimal_comma:
        texts = [text.replace(",", ".") for text in texts]
    wrong = np.zeros(len(texts), bool)
    try:
        values = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        values, wrong = _one_by_one(texts)
    else:
        if "_" in "".join(texts):  # Python's own way to write thousands; in a table it is a mistake
            values, wrong = _one_by_one(texts)
    infinite = np.isinf(values)
    return Numbers(np.where(infinite, np.nan, values), wrong, infinite)


def _one_by_one(texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = np.full(len(texts), np.nan)
    wrong = np.zeros(len(texts), bool)
    for place, text in enumerate(texts):
        try:
            if "_" in text:
                raise ValueError(text)
            values[place] = float(text)
        except ValueError:
            wrong[place] = text.strip().lower() not in MISSING
    return values, wrong


def unique_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return names with repeated ones made unique, and a sentence for each that was."""
    taken: set[str] = set()
    found, problems = [], []
    for number, name in enumerate(names, 1):
        plain = " ".join(name.split()) or f"column {number}"
        unique, count = plain, 1
        while unique in taken:
            count += 1
            unique = f"{plain} ({count})"
        if unique != plain:
            problems.append(f"Two columns are called {plain!r}; one is shown as {unique!r}.")
        taken.add(unique)
        found.append(unique)
    return found, problems
