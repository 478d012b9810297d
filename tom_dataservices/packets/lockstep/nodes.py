"""Avro schemas compiled to a small tree of nodes, the form that the lockstep decoder walks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException, UnknownType

FIXED_SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}
MAX_DEPTH = 40


class UnsupportedSchemaError(ValueError):
    """The lockstep decoder cannot walk this schema (it refers to itself or is nested too deeply)."""


class BadSchemaError(ValueError):
    """The text is not an Avro schema."""


@dataclass(eq=False)
class Node:
    """One Avro type.

    Attributes
    ----------
    kind : str
        ``null boolean int long float double bytes string fixed enum record array map union``.
    size : int or None
        Bytes of the encoding where all values take the same number, else None.
    min_size : int
        Fewest bytes a value can take.
    fields : list of (name, Node)
        Of a record, in the order of the schema.
    items : Node or None
        Of an array; the values of a map.
    branches : list of Node
        Of a union.
    symbols : list of str
        Of an enum.
    """

    kind: str
    size: int | None = None
    min_size: int = 0
    fields: list[tuple[str, Node]] = field(default_factory=list)
    items: Node | None = None
    branches: list[Node] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    name: str = ""
    cache: dict[Any, Any] = field(default_factory=dict, repr=False)

    def nullable(self) -> tuple[int, Node] | None:
        """Give (branch number of the value, its node) of a union of null and one other type."""
        if self.kind == "union" and len(self.branches) == 2:
            for number, branch in enumerate(self.branches):
                if branch.kind != "null" and self.branches[1 - number].kind == "null":
                    return number, branch
        return None

    def child(self, name: str) -> Node | None:
        """Give the node of a field, looking through unions and arrays; None if there is no such field."""
        if self.kind == "record":
            return dict(self.fields).get(name)
        inner = self.branches if self.kind == "union" else [self.items] if self.kind == "array" else []
        for node in inner:
            found = node.child(name) if node is not None else None
            if found is not None:
                return found
        return None

    def has(self, path: str) -> bool:
        """Tell whether a dotted path such as ``candidate.magpsf`` leads to a field."""
        node: Node | None = self
        for part in path.split("."):
            node = node.child(part) if node is not None else None
        return node is not None


def parse_schema(text: str | bytes | dict | list, named: dict | None = None) -> dict | list | str:
    """Parse an Avro schema and strip its logical types, so that values stay plain numbers.

    Parameters
    ----------
    text : str, bytes, dict or list
        JSON text of the schema, or what `json.loads` makes of it.
    named : dict, optional
        Schemas of named types that the text refers to; filled with those it defines.

    Returns
    -------
    dict, list or str
        The schema as fastavro parses it.

    Raises
    ------
    BadSchemaError
        If the text is not JSON or not a schema.
    """
    try:
        raw = json.loads(text) if isinstance(text, str | bytes) else text
        return fastavro.parse_schema(_plain(raw), named_schemas=named if named is not None else {})
    except (ValueError, TypeError, KeyError, AttributeError, SchemaParseException, UnknownType) as error:
        raise BadSchemaError(f"not an Avro schema: {type(error).__name__}: {error}") from error
    except RecursionError as error:
        raise BadSchemaError("not an Avro schema: nested too deeply") from error


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in ("logicalType", "default", "aliases")}
    for key in ("type", "items", "values"):
        if key in kept:
            kept[key] = _plain(kept[key])
    if isinstance(kept.get("fields"), list):
        kept["fields"] = [_plain(one) for one in kept["fields"]]
    return kept


def compile_schema(schema: dict | list | str) -> Node:
    """Compile a parsed schema.

    Raises
    ------
    UnsupportedSchemaError
        If a type contains itself, or types are nested more than 40 deep.
    """
    return _Compiler().node(schema, 0)


class _Compiler:
    def __init__(self) -> None:
        self.names: dict[str, Node | None] = {}

    def node(self, schema: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise UnsupportedSchemaError(f"types are nested more than {MAX_DEPTH} deep")
        if isinstance(schema, list):
            branches = [self.node(branch, depth + 1) for branch in schema]
            return Node(
                "union", min_size=1 + min((one.min_size for one in branches), default=0), branches=branches
            )
        if isinstance(schema, str):
            return self._primitive_or_named(schema)
        kind = schema["type"]
        if isinstance(kind, dict | list):
            return self.node(kind, depth + 1)
        make = getattr(self, f"_{kind}", None)
        return make(schema, depth) if make is not None else self._primitive_or_named(kind)

    def _primitive_or_named(self, name: str) -> Node:
        if name in FIXED_SIZES:
            return Node(name, size=FIXED_SIZES[name], min_size=FIXED_SIZES[name])
        if name in ("int", "long", "bytes", "string"):
            return Node(name, min_size=1)
        known = self.names.get(name)
        if known is None:
            raise UnsupportedSchemaError(f"type {name!r} refers to itself or is unknown")
        return known

    def _record(self, schema: dict, depth: int) -> Node:
        self.names[schema["name"]] = None
        fields = [(one["name"], self.node(one["type"], depth + 1)) for one in schema["fields"]]
        sizes = [node.size for _, node in fields]
        record = Node(
            "record",
            size=None if None in sizes else sum(size or 0 for size in sizes),
            min_size=sum(node.min_size for _, node in fields),
            fields=fields,
            name=schema["name"],
        )
        self.names[schema["name"]] = record
        return record

    _error = _record

    def _enum(self, schema: dict, depth: int) -> Node:
        node = Node("enum", min_size=1, symbols=list(schema["symbols"]), name=schema["name"])
        self.names[schema["name"]] = node
        return node

    def _fixed(self, schema: dict, depth: int) -> Node:
        node = Node("fixed", size=schema["size"], min_size=schema["size"], name=schema["name"])
        self.names[schema["name"]] = node
        return node

    def _array(self, schema: dict, depth: int) -> Node:
        return Node("array", min_size=1, items=self.node(schema["items"], depth + 1))

    def _map(self, schema: dict, depth: int) -> Node:
        return Node("map", min_size=1, items=self.node(schema["values"], depth + 1))
