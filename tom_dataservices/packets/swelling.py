"""How much memory values of an Avro schema may take: bytes that say little may stand for much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_MEMORY_BYTES = 512 * 1024 * 1024
"""What one message may grow to when it is read into dictionaries and lists."""

_PRIMITIVES = {
    **{"null": (0, 0.0), "boolean": (1, 0.0), "float": (4, 24.0), "double": (8, 24.0)},
    **{"int": (1, 16.0), "long": (1, 16.0), "bytes": (1, 26.0), "string": (1, 26.0)},
}
"""Fewest bytes of a value; memory for each of them, or of the value where all have as many."""
_LOGICAL_BYTES = 112
_LIST_BYTES = 64
_SLOT_BYTES = 9
_DICT_BYTES, _ENTRY_BYTES = 150, 40
_KEY_BYTES = 60
_TEXT_PER_BYTE = 4.0


class SwellingError(ValueError):
    """Few bytes of a schema might stand for more than there is memory."""


@dataclass(frozen=True)
class Swelling:
    """What values of a schema may take, as Python has them.

    Attributes
    ----------
    least_bytes : int
        Fewest bytes in which a value can be written.
    of_value : float
        Most memory of a value with empty lists and texts, bytes.
    per_byte : float
        Most memory that each byte more may cost, in items of lists or maps.
    of_item : float
        Most memory that one item of a list or map may take, without its own items and texts, bytes.
    is_endless : bool
        Items of an array need no bytes: there may be any number of them.
    is_recursive : bool
        A type contains itself: values are nested as deep as they say, and fastavro's compiled reader ends the
        process where they are nested some thousand times.
    """

    least_bytes: int
    of_value: float
    per_byte: float
    of_item: float
    is_endless: bool
    is_recursive: bool

    def memory_bytes(self, size: int, count: int = 1) -> float:
        """Return the most memory that `count` values in `size` bytes may take."""
        return count * (self.of_value + _SLOT_BYTES) + size * self.per_byte

    def check(self, size: int, count: int = 1) -> None:
        """Refuse values before they are read, if they might take more than `MAX_MEMORY_BYTES`.

        Raises
        ------
        SwellingError
            If they might.
        """
        if self.is_endless:
            raise SwellingError("items of an array need no bytes, so that there may be any number of them")
        if self.memory_bytes(size, count) > MAX_MEMORY_BYTES:
            raise SwellingError(
                f"{size:,} bytes of it might take more than {MAX_MEMORY_BYTES >> 20} MB of memory"
            )


def swelling_of(schema: Any) -> Swelling:
    """Return how much values of a schema may take.

    Parameters
    ----------
    schema : dict, list or str
        As `fastavro.parse_schema` gives it.

    Raises
    ------
    SwellingError
        If a type is not known.
    """
    weigher = _Weigher()
    least, memory = weigher.weigh(schema)
    return Swelling(
        least, memory, weigher.per_byte, weigher.of_item, weigher.is_endless, bool(weigher.repeated)
    )


class _Weigher:
    """Weighs types: the fewest bytes of a value, and the most memory of one without items."""

    def __init__(self) -> None:
        self.per_byte = _TEXT_PER_BYTE
        self.of_item = 0.0
        self.is_endless = False
        self.repeated: set[str] = set()
        self._known: dict[str, tuple[int, float] | None] = {}

    def weigh(self, schema: Any) -> tuple[int, float]:
        if isinstance(schema, list):
            return self._union([self.weigh(branch) for branch in schema])
        if isinstance(schema, str):
            return self._primitive_or_named(schema)
        kind = schema["type"]
        if isinstance(kind, dict | list):
            return self.weigh(kind)
        if kind in ("record", "error"):
            return self._record(schema)
        if kind in ("enum", "fixed"):
            size = schema["size"] if kind == "fixed" else 1
            self._known[schema["name"]] = size, (33.0 + size if kind == "fixed" else 0.0) + _logical(schema)
            return self._primitive_or_named(schema["name"])
        if kind == "array":
            return self._array(schema)
        if kind == "map":
            least, memory = self.weigh(schema["values"])
            self._item(1 + least, memory + _ENTRY_BYTES + _KEY_BYTES)
            return 1, _LIST_BYTES
        least, memory = self.weigh(kind)
        return least, memory + _logical(schema)

    def _primitive_or_named(self, name: str) -> tuple[int, float]:
        if name in _PRIMITIVES:
            return _PRIMITIVES[name]
        if name not in self._known:
            raise SwellingError(f"the type {name} is not known")
        known = self._known[name]
        if known is not None:
            return known
        self.repeated.add(name)  # within itself: a union, an array or a map is between, and takes a byte
        return 1, 0.0

    def _union(self, branches: list[tuple[int, float]]) -> tuple[int, float]:
        """Weigh the cheapest branch; what another one takes besides, its further bytes pay for."""
        least = min((least for least, _ in branches), default=0)
        memory = max((memory for found, memory in branches if found == least), default=0.0)
        for more, taken in branches:
            if more > least and taken > memory:
                self._note(more - least, taken - memory)
        self.of_item = max([self.of_item, *(taken for _, taken in branches)])
        return 1 + least, memory

    def _record(self, schema: dict[str, Any]) -> tuple[int, float]:
        name = schema["name"]
        self._known[name] = None
        fields = [self.weigh(one["type"]) for one in schema["fields"]]
        least = sum(least for least, _ in fields)
        memory = _DICT_BYTES + sum(_ENTRY_BYTES + memory for _, memory in fields)
        self._known[name] = least, memory
        if name in self.repeated:
            self._note(max(least, 1), memory)
        return least, memory

    def _array(self, schema: dict[str, Any]) -> tuple[int, float]:
        least, memory = self.weigh(schema["items"])
        self.is_endless |= least == 0
        self._item(least, memory + _SLOT_BYTES)
        return 1, _LIST_BYTES

    def _item(self, least: int, memory: float) -> None:
        self.of_item = max(self.of_item, memory)
        self._note(max(least, 1), memory)

    def _note(self, least: int, memory: float) -> None:
        self.per_byte = max(self.per_byte, memory / least)


def _logical(schema: dict[str, Any]) -> float:
    """Return what a moment, a decimal or a UUID takes beside the number or text that it is written as."""
    return _LOGICAL_BYTES if "logicalType" in schema else 0.0
