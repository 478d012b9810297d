"""A column for arrays of floats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models


class FloatArrayField(models.JSONField):
    """A list of floats, kept as JSON; numpy arrays, tuples and lists are accepted."""

    def get_prep_value(self, value: Any) -> Any:
        """Return the value as a list of floats."""
        return super().get_prep_value(as_floats(value))

    def to_python(self, value: Any) -> Any:
        """Return the value as a list of floats."""
        return as_floats(value)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Return a validated list of floats."""
        return super().clean(as_floats(value), model_instance)


def as_floats(value: Any) -> list[float] | None:
    """Return an iterable of numbers as a list of floats; None stays None.

    Raises
    ------
    ValidationError
        If it is no flat list of numbers.
    """
    if value is None:
        return None
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValidationError(f"expected a list of numbers, not {value!r}")
    try:
        return [float(item) for item in value]
    except (TypeError, ValueError) as error:
        raise ValidationError(f"expected a flat list of numbers: {error}") from error
