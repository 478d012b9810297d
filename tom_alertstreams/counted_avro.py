"""Avro of which few bytes may stand for much is read item by item, as far as there is memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import fastavro
from fastavro._read_py import read_data
from fastavro.io.binary_decoder import BinaryDecoder

from tom_dataservices.packets.swelling import MAX_MEMORY_BYTES, Swelling, SwellingError

MOST_ITEMS = 1_000_000


class CountedItems:
    """Reads values of a schema by fastavro's reader in Python, and counts the items of lists and maps.

    That takes some microseconds an item. A value that contains itself some hundred times ends at Python's own
    limit, with an error; the compiled reader would end the process.

    Parameters
    ----------
    schema : dict, list or str
    swelling : Swelling
        Of the schema.
    """

    def __init__(self, schema: Any, swelling: Swelling) -> None:
        self._named: dict[str, Any] = {"writer": {}, "reader": {}}
        self._schema = fastavro.parse_schema(schema, self._named["writer"])
        self.most = min(MOST_ITEMS, int(MAX_MEMORY_BYTES // max(swelling.of_item, 1.0)))
        self.count = 0

    def read(self, stream: IO[bytes]) -> Any:
        """Return the next value.

        Raises
        ------
        SwellingError
            If all values read until now hold more items than there may be memory for.
        """
        options = {"handle_unicode_errors": "strict"}
        return read_data(_Decoder(stream, self), self._schema, self._named, None, options)


class _Decoder(BinaryDecoder):
    def __init__(self, stream: IO[bytes], items: CountedItems) -> None:
        super().__init__(stream)
        self._items = items

    def iter_array(self) -> Iterator[None]:
        for _ in super().iter_array():
            self._items.count += 1
            if self._items.count > self._items.most:
                raise SwellingError(f"its lists hold more than {self._items.most:,} items")
            yield

    iter_map = iter_array
