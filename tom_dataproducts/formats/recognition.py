"""What a file was understood as: plain values that a page shows, a user edits and an upload keeps."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from typing import Any

from tom_dataproducts.exceptions import InvalidFileFormatException
from tom_dataproducts.formats.meanings import (
    BOOLEAN_OPTIONS,
    IGNORE,
    NUMBER_OPTIONS,
    OPTION_CHOICES,
    OPTIONS,
    REPEATABLE,
    meanings_of,
)

PHOTOMETRY, SPECTROSCOPY, IMAGE, PICTURE, FILE = "photometry", "spectroscopy", "image", "picture", "file"
KINDS = {
    PHOTOMETRY: "Photometry",
    SPECTROSCOPY: "Spectrum",
    IMAGE: "FITS image",
    PICTURE: "Picture",
    FILE: "File",
}
"""What a file may be, with words."""


class FormatError(InvalidFileFormatException, ValueError):
    """A file cannot be read as what it is said to be; the text may be shown to its owner."""


@dataclass(frozen=True)
class Column:
    """A column of a table as it was found.

    Attributes
    ----------
    name : str
        As in the file; made unique where two columns share it.
    unit : str
        As the file says it, '' where it says none.
    examples : list of str
        Its first few values.
    meaning : str
        What it is taken for: a key of ``meanings_of(kind)``.
    """

    name: str
    unit: str = ""
    examples: list[str] = field(default_factory=list)
    meaning: str = IGNORE


@dataclass(frozen=True)
class Mapping:
    """How a file is read: what its columns mean, and options such as the time scale.

    Attributes
    ----------
    kind : str
        ``photometry`` or ``spectroscopy``; another kind is stored as a file and not read.
    layout : str
        How the file is built: ``csv``, ``fits table``, ``atlas``, ...; '' where it is recognised anew.
    meanings : dict of str to str
        By name of the column; one that is not named is not used.
    options : dict
        Keys of ``meanings.OPTIONS[kind]``; one that is missing takes its default.
    """

    kind: str
    layout: str = ""
    meanings: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the mapping as JSON holds it."""
        return {
            "kind": self.kind,
            "layout": self.layout,
            "meanings": dict(self.meanings),
            "options": dict(self.options),
        }

    @classmethod
    def from_json(cls, value: Any) -> Mapping:
        """Return the mapping that JSON holds.

        Raises
        ------
        FormatError
            If a meaning, an option or its value is not one of ours.
        """
        if not isinstance(value, AnyMapping) or value.get("kind") not in KINDS:
            raise FormatError(f"A mapping is an object with a kind: one of {', '.join(KINDS)}.")
        mapping = cls(
            kind=value["kind"],
            layout=str(value.get("layout") or ""),
            meanings=_plain_dict(value, "meanings"),
            options=_plain_dict(value, "options"),
        )
        mapping.check()
        return mapping

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises
        ------
        FormatError
            If a meaning or an option is not one of ours, or two columns mean the same.
        """
        if self.kind not in OPTIONS:
            return
        known = meanings_of(self.kind)
        taken: dict[str, str] = {}
        for name, meaning in self.meanings.items():
            if not isinstance(meaning, str) or meaning not in known:
                raise FormatError(f"{meaning!r} is no meaning of a column; there are: {', '.join(known)}.")
            if meaning in taken and meaning not in REPEATABLE:
                raise FormatError(
                    f"{known[meaning]}: both {taken[meaning]!r} and {name!r} are said to be it."
                )
            taken[meaning] = name
        for name, value in self.options.items():
            if name not in OPTIONS[self.kind]:
                raise FormatError(
                    f"{name!r} is no option of {self.kind}; there are: {', '.join(OPTIONS[self.kind])}."
                )
            _check_option(self.kind, name, value)

    def column(self, meaning: str) -> str | None:
        """Return the name of the column that means something, None where none does."""
        return next((name for name, found in self.meanings.items() if found == meaning), None)

    def columns(self, meaning: str) -> list[str]:
        """Return the names of all columns that mean something."""
        return [name for name, found in self.meanings.items() if found == meaning]


def _plain_dict(value: AnyMapping[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name) or {}
    if not isinstance(found, AnyMapping):
        raise FormatError(f"{name} is an object.")
    return {str(key): content for key, content in found.items()}


def _check_option(kind: str, name: str, value: Any) -> None:
    if value in (None, ""):
        return
    words = OPTIONS[kind][name]
    choices = OPTION_CHOICES.get(name)
    if name in BOOLEAN_OPTIONS:
        if not isinstance(value, bool):
            raise FormatError(f"{words}: {value!r} is neither true nor false.")
    elif name in NUMBER_OPTIONS:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
            raise FormatError(f"{words}: {value!r} is no number.")
    elif not isinstance(value, str) or len(value) > 200:
        raise FormatError(f"{words}: {value!r} is no short text.")
    elif choices and value not in choices and not (kind == SPECTROSCOPY and name == "flux_unit"):
        raise FormatError(f"{words}: {value!r} is none of {', '.join(choices)}.")


@dataclass(frozen=True)
class Recognition:
    """What a file is, as far as can be told from it.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    layout : str
        How it is built, for example ``csv``, ``atlas``, ``fits spectrum``.
    columns : list of Column
        Columns of a table, with their proposed meanings; empty where it is none.
    options : dict
        Proposed options, see ``meanings.OPTIONS``.
    problems : list of str
        What is odd or was assumed, in sentences for the user.
    row_count : int or None
        Rows of a table, samples of a spectrum; None where that was not counted.
    facts : dict of str to str
        What else is known, for a page: size of an image, extensions, object, date.
    """

    kind: str
    layout: str = ""
    columns: list[Column] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    row_count: int | None = None
    facts: dict[str, str] = field(default_factory=dict)

    def mapping(self) -> Mapping:
        """Return the proposal how to read it."""
        meanings = {column.name: column.meaning for column in self.columns if column.meaning != IGNORE}
        return Mapping(self.kind, self.layout, meanings, dict(self.options))
