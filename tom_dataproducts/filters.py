"""Filters of the list of data products."""

import django_filters
from django import forms

from tom_dataproducts import conf
from tom_dataproducts.models import DataProduct


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
