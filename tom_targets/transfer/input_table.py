"""What every reader gives: named columns, and their rows in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

ERROR, SKIPPED, NOTE = "rejected", "skipped", "note"


@dataclass(frozen=True)
class Problem:
    """What is said of a row: where, the value, why, and whether the row is left out for it."""

    row: int
    column: str
    value: str
    reason: str
    kind: str = ERROR
    line: int | None = None


@dataclass(frozen=True)
class InputColumn:
    """A column of a file, with the unit that the file declares."""

    name: str
    unit: str = ""


@dataclass
class Chunk:
    """Some rows, column by column.

    A column is a list of str, or an array of float64 with NaN where there is no value. Rows count from 1;
    `lines` are those of a text file.
    """

    rows: Sequence[int]
    columns: dict[str, Sequence[Any]]
    lines: Sequence[int] | None = None
    problems: list[Problem] = field(default_factory=list)


class Reader(Protocol):
    """A file opened for reading; the chunks can be asked for once."""

    format: str
    columns: list[InputColumn]
    row_count: int | None

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yield the rows."""
        ...
