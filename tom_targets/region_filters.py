"""The filters of target lists by region; the REST API has the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet

from tom_common.astro.sky_region import read_box, read_moc, read_polygon
from tom_targets.sky_models import SkyRegion
from tom_targets.sky_regions import MOST_RANGES, within_box, within_moc, within_polygon, within_ranges

_LONGEST = 100_000


class RegionField(forms.CharField):
    """Reads a region by a function that raises ValueError for what is none."""

    def __init__(self, *args: Any, reader: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(*args, max_length=_LONGEST, **kwargs)
        self.reader = reader

    def to_python(self, value: Any) -> Any:
        """Return the region, or None where nothing was typed."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            return self.reader(text)
        except ValueError as error:
            reason = str(error)
            raise ValidationError(f"{reason[:1].upper()}{reason[1:]}.") from error

    def run_validators(self, value: Any) -> None:
        """Leave the length to the reader: a region is no text any more."""


class _RegionFilter(django_filters.CharFilter):
    field_class = RegionField


def _moc_for_a_statement(text: str) -> Any:
    if len(text) > _LONGEST:
        raise ValueError(f"a coverage map in an address has at most {_LONGEST:,} characters")
    moc = read_moc(text)
    if len(moc.ranges) > MOST_RANGES:
        raise ValueError(
            f"the coverage map falls into {len(moc.ranges):,} parts; at most {MOST_RANGES:,} fit"
        )
    return moc


class KeptRegionField(forms.IntegerField):
    """Reads the key of a region from a file."""

    def to_python(self, value: Any) -> Any:
        """Return the `SkyRegion`, or None where nothing was typed."""
        key = super().to_python(value)
        if key is None:
            return None
        region = SkyRegion.objects.filter(pk=key).first() if 0 < key < 2**63 else None
        if region is None:
            raise ValidationError(f"There is no region {key}; bring one along on the page of regions.")
        return region

    def run_validators(self, value: Any) -> None:
        """Leave the range of the key to the reader."""


class _KeptRegionFilter(django_filters.Filter):
    field_class = KeptRegionField


class RegionFilters(FilterSet):
    """Mixin of a filter set: ``box``, ``polygon``, ``moc``, ``region``."""

    box = _RegionFilter(
        method="filter_box", reader=read_box, label="Box: RA from, RA to, Dec from, Dec to (degrees)"
    )
    polygon = _RegionFilter(
        method="filter_polygon", reader=read_polygon, label="Polygon: RA Dec, RA Dec, ... (degrees)"
    )
    moc = _RegionFilter(
        method="filter_moc", reader=_moc_for_a_statement, label="Coverage map (MOC): 5/1-3 8 6/40"
    )

    @property
    def sorted_by(self) -> str:
        """The name of the column that the list is sorted by, empty where the address names none."""
        return str(self.data.get("sort", "")).removeprefix("-")

    region = _KeptRegionFilter(method="filter_region", label="Region from a file: its number")

    def filter_region(self, queryset: QuerySet, name: str, value: SkyRegion) -> QuerySet:
        """Return the targets within a kept region; none for an anonymous visitor."""
        if self.request is None or not self.request.user.is_authenticated:
            return queryset.none()
        return within_ranges(queryset, value.ranges, sort=self.sorted_by)

    def filter_box(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        """Return the targets within a box."""
        return within_box(queryset, value, sort=self.sorted_by)

    def filter_polygon(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        """Return the targets within a polygon."""
        return within_polygon(queryset, value, sort=self.sorted_by)

    def filter_moc(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        """Return the targets within a coverage map."""
        return within_moc(queryset, value, sort=self.sorted_by)
