"""What the lockstep decoder gives: one column for each field, a row for each packet or list item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


class Column:
    """Values of one field, one for each of `rows` rows."""

    rows: int

    def value(self, row: int) -> Any:
        """Give the value of one row as plain Python, as fastavro gives it."""
        raise NotImplementedError

    def values(self) -> Iterator[Any]:
        """Give the values of all rows as plain Python."""
        return (self.value(row) for row in range(self.rows))


@dataclass(eq=False)
class Numbers(Column):
    """Numbers, with NaN or 0 where `valid` is False (None: all are valid)."""

    numbers: np.ndarray
    valid: np.ndarray | None = None

    @property
    def rows(self) -> int:  # type: ignore[override]
        """Number of rows."""
        return len(self.numbers)

    def value(self, row: int) -> Any:
        """Give the value of one row, None where there is none."""
        return None if self.valid is not None and not self.valid[row] else self.numbers[row].item()


@dataclass(eq=False)
class Strings(Column):
    """Texts or byte strings as places in a buffer; a size of -1 stands for null."""

    data: bytes
    start: np.ndarray
    size: np.ndarray
    is_text: bool

    @property
    def rows(self) -> int:  # type: ignore[override]
        """Number of rows."""
        return len(self.start)

    def value(self, row: int) -> Any:
        """Give the text or the bytes of one row, None for null."""
        size = int(self.size[row])
        if size < 0:
            return None
        start = int(self.start[row])
        found = self.data[start : start + size]
        return found.decode("utf-8", "replace") if self.is_text else found


@dataclass(eq=False)
class Symbols(Column):
    """Values of an enum: a code for each row into the list of symbols."""

    codes: np.ndarray
    symbols: list[str]

    @property
    def rows(self) -> int:  # type: ignore[override]
        """Number of rows."""
        return len(self.codes)

    def value(self, row: int) -> Any:
        """Give the symbol of one row."""
        return self.symbols[int(self.codes[row])]


@dataclass(eq=False)
class Nothing(Column):
    """Nulls."""

    rows: int

    def value(self, row: int) -> Any:
        """Give None."""
        return None


@dataclass(eq=False)
class Records(Column):
    """Records: a column for each wanted field."""

    rows: int
    fields: dict[str, Column]

    def value(self, row: int) -> Any:
        """Give one record as a dict of its wanted fields."""
        return {name: column.value(row) for name, column in self.fields.items()}


@dataclass(eq=False)
class Lists(Column):
    """Arrays or maps: the items of all rows behind one another, `counts` of them to a row."""

    counts: np.ndarray
    items: Column
    keys: Strings | None = None

    def __post_init__(self) -> None:
        self.rows = len(self.counts)
        self.offsets = np.concatenate(([0], np.cumsum(self.counts)))

    def value(self, row: int) -> Any:
        """Give one list, or one dict if this is a map."""
        places = range(int(self.offsets[row]), int(self.offsets[row + 1]))
        if self.keys is not None:
            return {self.keys.value(place): self.items.value(place) for place in places}
        return [self.items.value(place) for place in places]

    def parents(self) -> np.ndarray:
        """Give the row that each item belongs to, shape (items,)."""
        return np.repeat(np.arange(self.rows), self.counts)


@dataclass(eq=False)
class Choices(Column):
    """A union: the branch of each row, and for each branch its rows and their values."""

    codes: np.ndarray
    branches: list[tuple[np.ndarray, Column]]

    def __post_init__(self) -> None:
        self.rows = len(self.codes)
        self._place = np.zeros(self.rows, dtype=np.int64)
        for rows, _ in self.branches:
            self._place[rows] = np.arange(len(rows))

    def value(self, row: int) -> Any:
        """Give the value of one row."""
        return self.branches[int(self.codes[row])][1].value(int(self._place[row]))
