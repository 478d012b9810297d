"""Decoded columns as a table whose fields are asked for by name, with defaults for what is not there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .lockstep import Choices, Column, Lists, Numbers, Records, Strings

SENTINELS = frozenset({"", "null", "nan", "none", "unknown", "fail", "n/a", "-999.0"})
"""Texts that surveys and brokers write where they have no value, in lower case (brokers.md, section 0)."""

MAX_CATEGORY_BYTES = 16


class Table:
    """Records seen as rows; a row may be without a record, and a field may be missing from the schema.

    Parameters
    ----------
    rows : int
        Number of rows.
    records : Records or None
        The records.
    place : ndarray of int64 or None, shape (rows,)
        Which record each row has, -1 for none; None if row and record have the same number.
    """

    def __init__(self, rows: int, records: Records | None, place: np.ndarray | None = None) -> None:
        self.rows = rows
        self._records = records
        self._place = place

    @classmethod
    def of(cls, column: Column) -> Table:
        """See a column of records, or of records and nulls, as a table."""
        if isinstance(column, Records):
            return cls(column.rows, column)
        if isinstance(column, Choices):
            for rows, branch in column.branches:
                if isinstance(branch, Records):
                    place = np.full(column.rows, -1)
                    place[rows] = np.arange(len(rows))
                    return cls(column.rows, branch, place)
        return cls(column.rows, None, np.full(column.rows, -1))

    def column(self, name: str) -> Column | None:
        """Give the column of a field, None where the schema has no such field."""
        return None if self._records is None else self._records.fields.get(name)

    def names(self) -> list[str]:
        """Give the names of the fields."""
        return [] if self._records is None else list(self._records.fields)

    def present(self) -> NDArray[np.bool_]:
        """Tell which rows have a record, shape (rows,)."""
        return np.ones(self.rows, dtype=bool) if self._place is None else self._place >= 0

    def table(self, *names: str) -> Table:
        """Give a field that is a record, under the first of its names that is there."""
        for name in names:
            column = self.column(name)
            if column is not None:
                below = Table.of(column)
                return Table(self.rows, below._records, self._joined(below._place))
        return Table(self.rows, None, np.full(self.rows, -1))

    def items(self, name: str) -> tuple[Table, NDArray[np.int64]]:
        """Give the items of a field that is an array of records, and the row that each belongs to."""
        column = self.column(name)
        rows = np.arange(column.rows) if column is not None else np.empty(0, dtype=np.int64)
        if isinstance(column, Choices):
            rows, column = next(
                ((rows, branch) for rows, branch in column.branches if isinstance(branch, Lists)),
                (rows, None),
            )
        if not isinstance(column, Lists):
            return Table(0, None, np.empty(0, dtype=np.int64)), np.empty(0, dtype=np.int64)
        owner = rows[column.parents()]
        items = Table.of(column.items)
        if self._place is None:
            return items, owner
        row_of = np.full(int(self._place.max(initial=-1)) + 1, -1)
        row_of[self._place[self._place >= 0]] = np.flatnonzero(self._place >= 0)
        return items, row_of[owner]

    def floats(self, *names: str) -> NDArray[np.float64]:
        """Give a field as float64, shape (rows,); NaN where there is no number."""
        return self._numbers(names, np.nan, np.float64)

    def ints(self, *names: str) -> NDArray[np.int64]:
        """Give a field as int64, shape (rows,); 0 where there is no number."""
        return self._numbers(names, 0, np.int64)

    def bools(self, *names: str) -> NDArray[np.bool_]:
        """Give a field as truth values, shape (rows,); False where there is none."""
        return self._numbers(names, 0, np.bool_)

    def has_number(self, *names: str) -> NDArray[np.bool_]:
        """Tell which rows have a number in a field, shape (rows,)."""
        return ~np.isnan(self._numbers(names, np.nan, np.float64))

    def texts(self, *names: str) -> list[str | None]:
        """Give a field as texts; None for null and for the words that stand for no value."""
        for name in names:
            column = self.column(name)
            if isinstance(column, Numbers):
                return [None if value is None else str(value) for value in self._listed(column)]
            if column is not None:
                return [_meaning(value) for value in self._listed(column)]
        return [None] * self.rows

    def byte_strings(self, *names: str) -> list[bytes | None]:
        """Give a field as byte strings; None for null and for empty ones."""
        for name in names:
            column = self.column(name)
            if column is not None:
                return [value or None for value in self._listed(column)]
        return [None] * self.rows

    def plain(self, name: str) -> list:
        """Give a field of any type as plain Python values, None where there is none."""
        column = self.column(name)
        return [None] * self.rows if column is None else self._listed(column)

    def categories(self, *names: str) -> tuple[NDArray[np.int64], list[str]]:
        """Give a field of few different texts as numbers and the texts they stand for; "" for null.

        Returns
        -------
        codes : ndarray of int64, shape (rows,)
            Place in `texts`.
        texts : list of str
            The different texts.
        """
        for name in names:
            column = self.column(name)
            if isinstance(column, Strings) and column.size.max(initial=0) <= MAX_CATEGORY_BYTES:
                codes, texts = _short_categories(column)
                return self._spread(codes, texts)
            if column is not None:
                return _categories(str("" if value is None else value) for value in self._listed(column))
        return np.zeros(self.rows, dtype=np.int64), [""]

    def _spread(self, codes: np.ndarray, texts: list[str]) -> tuple[NDArray[np.int64], list[str]]:
        if self._place is None:
            return codes, texts
        known = self._place >= 0
        spread = np.full(self.rows, len(texts))
        spread[known] = codes[self._place[known]]
        return spread, [*texts, ""]

    def _joined(self, below: np.ndarray | None) -> np.ndarray | None:
        if self._place is None:
            return below
        if below is None:
            return self._place
        return np.where(self._place >= 0, below.take(self._place, mode="clip"), -1)

    def _numbers(self, names: Iterable[str], default: float, dtype: type) -> np.ndarray:
        for name in names:
            column = self.column(name)
            if column is not None:
                made = _as_numbers(column, default, dtype)
                if self._place is None:
                    return made
                spread = np.full(self.rows, default, dtype=dtype)
                known = self._place >= 0
                spread[known] = made[self._place[known]]
                return spread
        return np.full(self.rows, default, dtype=dtype)

    def _listed(self, column: Column) -> list:
        if self._place is None:
            return list(column.values())
        return [column.value(place) if place >= 0 else None for place in self._place.tolist()]


def _as_numbers(column: Column, default: float, dtype: type) -> np.ndarray:
    if isinstance(column, Numbers):
        made = column.numbers.astype(dtype)
        if column.valid is not None:
            made[~column.valid] = default
        return made
    made = np.full(column.rows, default, dtype=dtype)
    if isinstance(column, Choices):
        for rows, branch in column.branches:
            made[rows] = _as_numbers(branch, default, dtype)
    return made


def _meaning(value: object) -> str | None:
    if value is None:
        return None
    text = str(value).replace("\0", "").strip()  # databases refuse the null character
    low = text.lower()
    return None if low in SENTINELS or low.startswith("fail ") else text


def _short_categories(column: Strings) -> tuple[NDArray[np.int64], list[str]]:
    width = max(int(column.size.max(initial=0)), 1)
    raw = (
        np.frombuffer(column.data + bytes(width), dtype=np.uint8)
        if not column.data
        else np.frombuffer(column.data, dtype=np.uint8)
    )
    within = np.arange(width) < column.size[:, None]
    letters = np.where(within, raw.take(column.start[:, None] + np.arange(width), mode="clip"), 0)
    found, codes = np.unique(letters.astype(np.uint8).view(f"S{width}")[:, 0], return_inverse=True)
    return codes.reshape(-1), [text.decode("utf-8", "replace") for text in found.tolist()]


def _categories(values: Iterable[str]) -> tuple[NDArray[np.int64], list[str]]:
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values]
    return np.array(codes, dtype=np.int64), list(numbers) or [""]
