"""Filters of data products and of measurements."""

import django_filters
from django import forms
from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet

from tom_dataproducts import conf
from tom_dataproducts.datum_shape import tables_of
from tom_dataproducts.models import DataProduct, ReducedDatum


class DataProductFilter(django_filters.FilterSet):
    target_name = django_filters.CharFilter(
        field_name="target__name",
        lookup_expr="icontains",
        label="Target",
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    data_product_type = django_filters.ChoiceFilter(
        label="Type", choices=lambda: tuple(conf.data_product_types().values()), empty_label="any"
    )
    facility = django_filters.CharFilter(field_name="observation_record__facility", label="Facility")

    class Meta:
        model = DataProduct
        fields = ("target_name", "data_product_type", "facility")


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
