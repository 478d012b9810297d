"""What a list of observation records can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from tom_observations.models import ObservationRecord

ORDERS = (
    ("-created", "newest first"),
    ("created", "oldest first"),
    ("-modified", "last changed first"),
    ("modified", "last changed last"),
    ("facility", "by facility"),
    ("-facility", "by facility, from Z"),
    ("status", "by status"),
    ("-status", "by status, from Z"),
)


class _SeveralInput(forms.TextInput):
    """One line of text that an address may give more than once."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name) if hasattr(data, "getlist") else [data.get(name)]
        return [str(value).strip() for value in given if value not in (None, "")]

    def format_value(self, value: Any) -> str:
        return ", ".join(value) if isinstance(value, list | tuple) else str(value or "")


class _SeveralHidden(_SeveralInput):
    input_type = "hidden"


class _WordsField(forms.Field):
    """Words, each in a parameter of its own, or all in one with commas between them."""

    widget = _SeveralInput

    def to_python(self, value: Any) -> list[Any]:
        return [word.strip() for text in value or [] for word in text.split(",") if word.strip()]


class _KeysField(_WordsField):
    """Primary keys."""

    widget = _SeveralHidden

    def to_python(self, value: Any) -> list[Any]:
        words = super().to_python(value)
        wrong = [word for word in words if not (word.isascii() and word.isdecimal() and len(word) < 19)]
        if wrong:
            raise ValidationError("%(word)s is no key: expected a number.", params={"word": wrong[0]})
        return [int(word) for word in words]


class _WordsFilter(django_filters.Filter):
    field_class = _WordsField


class _KeysFilter(django_filters.Filter):
    field_class = _KeysField


class ObservationFilter(django_filters.FilterSet):
    """Narrows the list of observation records."""

    target_name = django_filters.CharFilter(
        field_name="target__name",
        lookup_expr="icontains",
        label="Target",
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    target_id = _KeysFilter(field_name="target_id", lookup_expr="in", label="Target (key)")
    facility = _WordsFilter(field_name="facility", lookup_expr="in", label="Facility")
    status = django_filters.CharFilter(lookup_expr="iexact", label="Status")
    observation_id = django_filters.CharFilter(lookup_expr="exact", label="Number at the facility")
    observationgroup = _KeysFilter(
        field_name="observationgroup", lookup_expr="in", label="Group (key)", distinct=True
    )
    scheduled_start_after = django_filters.IsoDateTimeFilter(
        field_name="scheduled_start", lookup_expr="gte", label="Starts from (UTC)"
    )
    scheduled_start_before = django_filters.IsoDateTimeFilter(
        field_name="scheduled_start", lookup_expr="lte", label="Starts until (UTC)"
    )
    scheduled_end_after = django_filters.IsoDateTimeFilter(
        field_name="scheduled_end", lookup_expr="gte", label="Ends from (UTC)"
    )
    scheduled_end_before = django_filters.IsoDateTimeFilter(
        field_name="scheduled_end", lookup_expr="lte", label="Ends until (UTC)"
    )
    ordering = django_filters.ChoiceFilter(
        label="Order", choices=ORDERS, empty_label=None, method="filter_nothing", initial="-created"
    )

    class Meta:
        model = ObservationRecord
        fields: tuple[str, ...] = ()

    def filter_nothing(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Leave the order to whoever cuts the list into pages."""
        return queryset

    @property
    def order(self) -> str:
        """The column to sort by, with a minus for downwards."""
        wanted = self.data.get("ordering", "") if self.data else ""
        return wanted if wanted in dict(ORDERS) else "-created"
