"""Fields of serializers that refuse what a database cannot keep, before it has to say so."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

MAX_DEPTH = 32
"""Levels of lists and objects inside one another that a JSON field takes."""


class FiniteFloatField(serializers.FloatField):
    """A number: neither infinite, nor NaN, nor a truth value."""

    default_error_messages = {"not_finite": "A finite number is required."}

    def to_internal_value(self, data: Any) -> float:
        """Return a number or a text as float."""
        if type(data) is float and -math.inf < data < math.inf:
            return data
        if isinstance(data, bool):
            self.fail("invalid")
        try:
            value = super().to_internal_value(data)
        except OverflowError:
            self.fail("not_finite")
        if not math.isfinite(value):
            self.fail("not_finite")
        return value


class PlainJSONField(serializers.JSONField):
    """Any JSON that every database keeps: no NUL character, no lone surrogate, nothing endless."""

    default_error_messages = {
        "characters": "Null characters and lone surrogates are not allowed.",
        "depth": f"Lists and objects may lie in one another {MAX_DEPTH} deep, not more.",
        "number": "Numbers have to be finite and fit into 64 bits.",
    }

    def to_internal_value(self, data: Any) -> Any:
        """Return the value, read from text where a form carries it."""
        value = super().to_internal_value(data)
        if problem := json_problem(value):
            self.fail(problem)
        return value


def json_problem(value: Any, depth: int = 0) -> str | None:
    """Return what keeps a value from being stored as JSON: ``characters``, ``depth`` or ``number``.

    Parameters
    ----------
    value : object
        As a JSON parser returns it.
    depth : int
        Levels above the value.
    """
    kind = type(value)
    if kind is str:
        return None if is_clean(value) else "characters"
    if kind is float:
        return None if -math.inf < value < math.inf else "number"
    if kind is int:
        return None if -(2**63) <= value < 2**63 else "number"
    if value is None or kind is bool:
        return None
    if depth >= MAX_DEPTH:
        return "depth"
    inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    for item in inner:
        if problem := json_problem(item, depth + 1):
            return problem
    return None


def is_clean(text: str) -> bool:
    """Tell whether a text has neither NUL characters nor lone surrogates."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    return not any("\ud800" <= character <= "\udfff" for character in text)


def as_utc_text(value: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC with a Z, as all times of the API are written."""
    if value is None:
        return None
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


class UtcDateTimeField(serializers.DateTimeField):
    """A time, written in UTC whatever the time zone of the person asking, and read as UTC without one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        """Return the time in UTC."""
        try:
            return super().to_internal_value(value).astimezone(UTC)
        except OverflowError:  # year 1 or 9999 with an offset
            self.fail("overflow")

    def to_representation(self, value: Any) -> str | None:
        """Return the time as text."""
        return as_utc_text(value) if isinstance(value, datetime) else value
