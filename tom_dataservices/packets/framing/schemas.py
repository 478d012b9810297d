"""Avro schemas from container headers, from a folder of a schema registry, and from a single file."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import fastavro
from fastavro.repository import SchemaRepositoryError
from fastavro.schema import SchemaParseException

from ..lockstep import BadSchemaError, Node, UnsupportedSchemaError, compile_schema, parse_schema
from ..swelling import Swelling, SwellingError, swelling_of

MAX_CACHED = 64


class UnknownSchemaError(LookupError):
    """No schema is at hand for a packet."""


class PacketSchema:
    """The schema of packets; one instance for each schema, so that packets can be grouped by it.

    Parameters
    ----------
    parsed : dict
        Schema as `parse_schema` gives it.
    """

    def __init__(self, parsed: Any) -> None:
        self.parsed = parsed

    @property
    def name(self) -> str:
        """Full name of the record, such as ``ztf.alert``."""
        return self.parsed.get("name", "") if isinstance(self.parsed, dict) else ""

    @cached_property
    def node(self) -> Node:
        """The compiled schema; an empty record where it cannot be compiled."""
        try:
            return compile_schema(self.parsed)
        except UnsupportedSchemaError:
            return Node("record", name=self.name)

    @cached_property
    def swelling(self) -> Swelling:
        """How much memory packets may take."""
        return swelling_of(self.parsed)

    @cached_property
    def skipping(self) -> dict[str, Any]:
        """A reader schema that makes fastavro step over a record without keeping anything."""
        return parse_schema({"type": "record", "name": self.name, "fields": []})  # type: ignore[return-value]

    @cached_property
    def shared(self) -> dict[str, Any]:
        """Room for what others prepare once for each schema."""
        return {}


class SchemaStore:
    """Gives schemas by header text, by registry number, or by file, each parsed once.

    Parameters
    ----------
    schemas_dir : Path, optional
        Folder with ``<major>/<minor>/*.avsc``; by default the folder ``schema`` beside a packet.
    schema_file : Path, optional
        Schema of packets that do not say theirs.
    default_dir : Path, optional
        Used where no `schemas_dir` is given and there is no folder ``schema`` beside a packet.
    registry : callable, optional
        Gives the text of the schema with a number, None where it has none; asked before any folder.

    Raises
    ------
    BadSchemaError
        If `schema_file` is not a schema.
    """

    def __init__(
        self,
        schemas_dir: Path | None = None,
        schema_file: Path | None = None,
        default_dir: Path | None = None,
        registry: Callable[[int], str | None] | None = None,
    ) -> None:
        self._dir = schemas_dir
        self._default_dir = default_dir
        self._texts: OrderedDict[bytes, PacketSchema] = OrderedDict()
        self._numbered: dict[tuple[Path, int], PacketSchema] = {}
        self._registry = registry
        self._registered: dict[int, PacketSchema] = {}
        self.heads: dict[bytes, PacketSchema] = {}
        self._named: dict[str, PacketSchema] = {}
        self.bare = None if schema_file is None else PacketSchema(_record(_load(schema_file)))

    def from_text(self, text: bytes) -> PacketSchema:
        """Give the schema that a container's header holds.

        Raises
        ------
        BadSchemaError
            If the text is not the schema of a record.
        """
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = PacketSchema(_record(parse_schema(text)))
            while len(self._texts) > MAX_CACHED:
                self._texts.popitem(last=False)
        return known

    def from_number(self, number: int, beside: Path) -> PacketSchema:
        """Give the schema with a number of a registry; in folders by Rubin's rule: major * 100 + minor.

        Parameters
        ----------
        number : int
            Number in the packet's frame.
        beside : Path
            Folder of the packet.

        Raises
        ------
        UnknownSchemaError
            If there is no folder of schemas or none of this number in it.
        """
        if number in self._registered:
            return self._registered[number]
        text = self._registry(number) if self._registry is not None else None
        if text is not None:
            self._registered[number] = PacketSchema(_record(parse_schema(text.encode())))
            return self._registered[number]
        folder = self._dir or beside / "schema"
        if self._default_dir is not None and not folder.is_dir():
            folder = self._default_dir
        key = (folder, number)
        if key not in self._numbered:
            self._numbered[key] = PacketSchema(_record(_load(_registered(folder, number))))
        return self._numbered[key]

    def from_name(self, name: str) -> PacketSchema:
        """Give the schema in the file ``<name>.avsc`` of the folder, or ``<name>_replayed.avsc``.

        Raises
        ------
        UnknownSchemaError
            If there is no folder of schemas or none of this name in it.
        """
        if name not in self._named:
            folders = [folder for folder in (self._dir, self._default_dir) if folder is not None]
            paths = [folder / f"{name}{end}.avsc" for folder in folders for end in ("", "_replayed")]
            found = next((path for path in paths if path.is_file()), None)
            if found is None:
                raise UnknownSchemaError(
                    f"its key names the schema {name}, and no folder of schemas holds {name}.avsc: put it"
                    " into the folder of the option SCHEMAS_DIR or the setting ALERT_SCHEMAS_DIR"
                )
            self._named[name] = PacketSchema(_record(_load(found)))
        return self._named[name]


def _registered(folder: Path, number: int) -> Path:
    if not folder.is_dir():
        raise UnknownSchemaError(
            f"schema {number} is needed, and there is no folder {folder.name!r} of schemas: name one by"
            " ingest_alerts --schemas DIR or the setting ALERT_SCHEMAS_DIR"
        )
    major, minor = divmod(number, 100)
    flat = folder / f"{number}.avsc"
    if flat.is_file():
        return flat
    found = sorted((folder / str(major) / str(minor)).glob("*.avsc"))
    roots = [path for path in found if re.search(r"(^|[._])alert\.avsc$", path.name)]
    if not roots:
        raise UnknownSchemaError(f"unknown schema {number}: no alert schema in {folder.name}/{major}/{minor}")
    return roots[0]


def _load(path: Path) -> Any:
    if not path.is_file():
        raise BadSchemaError(f"there is no file {path}")
    try:
        loaded = fastavro.schema.load_schema(str(path))
    except (OSError, ValueError, KeyError, TypeError, SchemaParseException, SchemaRepositoryError) as error:
        raise BadSchemaError(f"{path.name} is not a readable Avro schema: {error}") from error
    return parse_schema(json.loads(json.dumps(loaded)))


def _record(parsed: Any) -> Any:
    """Return the schema, if it is one of records that say by their bytes how much they hold."""
    if not isinstance(parsed, dict) or parsed.get("type") != "record":
        raise BadSchemaError("the schema is not that of a record")
    try:
        swelling = swelling_of(parsed)
        swelling.check(0)
    except SwellingError as error:
        raise BadSchemaError(f"the schema cannot be used: {error}") from error
    except RecursionError as error:
        raise BadSchemaError("the schema cannot be used: nested too deeply") from error
    if not swelling.least_bytes:
        raise BadSchemaError("the schema cannot be used: records of it need no bytes")
    if swelling.is_recursive:
        raise BadSchemaError("the schema cannot be used: a type of it contains itself")
    return parsed
