"""Filters of data products and of measurements."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django_filters.rest_framework import FilterSet

from tom_dataproducts import conf
from tom_dataproducts.datum_shape import tables_of
from tom_dataproducts.models import DataProduct, DataProductGroup, ReducedDatum
from tom_dataproducts.permissions import groups_for_user


def _known_types() -> tuple[tuple[str, str], ...]:
    return tuple(conf.data_product_types().values())


class DataProductFilter(django_filters.FilterSet):
    """Narrows the list of files; `user` says which groups can be chosen."""

    q = django_filters.CharFilter(
        method="filter_words", label="Name or product id", widget=forms.TextInput(attrs={"type": "search"})
    )
    target_name = django_filters.CharFilter(
        field_name="target__name",
        lookup_expr="icontains",
        label="Target",
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    data_product_type = django_filters.ChoiceFilter(label="Type", choices=_known_types, empty_label="any")
    group = django_filters.ModelChoiceFilter(
        label="Group", queryset=lambda request: DataProductGroup.objects.none(), empty_label="any"
    )
    facility = django_filters.CharFilter(field_name="observation_record__facility", label="Facility")
    uploader = django_filters.CharFilter(field_name="upload__user__username", label="Uploaded by")
    created_after = django_filters.DateFilter(
        method="filter_from",
        label="Stored from",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    created_before = django_filters.DateFilter(
        method="filter_until",
        label="Stored until",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    featured = django_filters.BooleanFilter(
        label="Featured",
        widget=forms.Select(choices=(("", "any"), ("true", "featured"), ("false", "not featured"))),
    )

    class Meta:
        model = DataProduct
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = groups_for_user(user, DataProductGroup.objects.all()) if user is not None else None
        self.filters["group"].queryset = groups if groups is not None else DataProductGroup.objects.all()

    def filter_from(self, queryset: QuerySet, name: str, value: date) -> QuerySet:
        """Return the files stored on a day (UTC) or after; as a range, which an index knows."""
        return queryset.filter(created__gte=datetime.combine(value, time.min, UTC))

    def filter_until(self, queryset: QuerySet, name: str, value: date) -> QuerySet:
        """Return the files stored on a day (UTC) or before."""
        return queryset.filter(created__lt=datetime.combine(value, time.min, UTC) + timedelta(days=1))

    def filter_words(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the files with each word in their path or product id."""
        for word in value.split():
            queryset = queryset.filter(Q(data__icontains=word) | Q(product_id__icontains=word))
        return queryset


class _KeyFilter(django_filters.NumberFilter):
    """A primary key."""

    field_class = forms.IntegerField


class ReducedDatumFilter(FilterSet):
    """Narrows measurements of any of the four tables."""

    target__id = _KeyFilter(
        field_name="target_id", label="Key of the target", min_value=0, max_value=2**63 - 1
    )
    target_name = django_filters.CharFilter(
        field_name="target__name", lookup_expr="icontains", label="Name of the target contains"
    )
    data_product__id = _KeyFilter(
        field_name="data_product_id", label="Key of the file", min_value=0, max_value=2**63 - 1
    )
    data_product_name = django_filters.CharFilter(
        field_name="data_product__product_id",
        lookup_expr="icontains",
        label="Identifier of the file contains",
    )
    source_name = django_filters.CharFilter(label="Source")
    data_type = django_filters.CharFilter(method="filter_data_type", label="photometry, spectroscopy, ...")

    class Meta:
        model = ReducedDatum
        fields: list[str] = []

    def filter_data_type(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the rows of a type; the tables of a single type have no column for it."""
        if queryset.model is ReducedDatum:
            return queryset.filter(data_type__iexact=value)
        return queryset if queryset.model in tables_of(value) else queryset.none()
