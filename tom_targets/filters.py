"""What a list of targets can be narrowed by: the page and the REST API ask the same class."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import django_filters
from django import forms
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connections
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from tom_common.astro.angles import parse_dec_deg, parse_ra_deg
from tom_targets import conf, one_box
from tom_targets.extra_search import has_extra
from tom_targets.follow_filters import FollowFilters
from tom_targets.list_expressions import KeysIn, OnTheWay, keys_if_few
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList
from tom_targets.name_search import Place, named_like
from tom_targets.permissions import target_lists_for_user
from tom_targets.region_filters import RegionFilters
from tom_targets.sky_regions import within_circle, within_ranges
from tom_targets.sky_search import INDEX_ORDER, merged_ranges
from tom_targets.tables import COLUMNS

_SUMMARY = "light_curve_summary"
_FEW_SUMMARIES = 2000  # found and sorted sooner than a list is walked through

MAX_NAME_TERMS = 20
DETECTED_WITHIN_DAYS = tuple(
    (str(days), f"{days} day{'s' if days > 1 else ''}") for days in (1, 3, 7, 30, 90)
)


class Cone(NamedTuple):
    """A circle on the sky: ICRS position and radius, all in degrees."""

    ra_deg: float
    dec_deg: float
    radius_deg: float

    def __str__(self) -> str:
        return f"{self.ra_deg:g}, {self.dec_deg:g}, {self.radius_deg:g}"


class NamedCone(NamedTuple):
    """A circle around a target: its name, and the radius in degrees."""

    name: str
    radius_deg: float

    def __str__(self) -> str:
        return f"{self.name}, {self.radius_deg:g}"


def _number(text: str, what: str) -> float:
    try:
        if "_" in text:  # Python reads 1_0 as 10
            raise ValueError(text)
        value = float(text)
    except ValueError as error:
        raise ValidationError(f"{what} {text.strip()!r} is not a number.") from error
    if not math.isfinite(value):
        raise ValidationError(f"{what} {text.strip()!r} is not a number.")
    return value


def _angle(text: str, what: str, parse: Callable[[str], float]) -> float:
    """Read degrees, or sexagesimal."""
    if not re.search(r"\d[:hd°\s]+\d", text.strip()):
        return _number(text, what)
    try:
        return parse(text)
    except ValueError as error:
        raise ValidationError(f"{what}: {error}.") from error


def _radius(text: str) -> float:
    radius_deg = _number(text, "The radius")
    if not 0.0 <= radius_deg <= 180.0:
        raise ValidationError(f"The radius lies between 0 and 180 degrees, {text.strip()} does not.")
    return radius_deg


class ConeField(forms.CharField):
    """Reads ``ra,dec,radius``: degrees, or a sexagesimal position and the radius in degrees."""

    def to_python(self, value: Any) -> Any:
        """Return a `Cone`, or None where nothing was typed."""
        text = super().to_python(value)
        if not text:
            return None
        parts = text.split(",")
        if len(parts) != 3:
            raise ValidationError("Expected three numbers: right ascension, declination, radius, in degrees.")
        dec_deg = _angle(parts[1], "The declination", parse_dec_deg)
        if abs(dec_deg) > 90.0:
            raise ValidationError(f"The declination lies between -90 and 90 degrees, {dec_deg:g} does not.")
        return Cone(_angle(parts[0], "The right ascension", parse_ra_deg), dec_deg, _radius(parts[2]))


class NamedConeField(forms.CharField):
    """Reads ``name,radius``, the radius in degrees."""

    def to_python(self, value: Any) -> Any:
        """Return a `NamedCone`, or None where nothing was typed."""
        text = super().to_python(value)
        if not text:
            return None
        name, comma, radius = text.rpartition(",")
        if not comma or not name.strip():
            raise ValidationError("Expected the name of a target, a comma, and the radius in degrees.")
        return NamedCone(name.strip(), _radius(radius))


class Tile(NamedTuple):
    """A tile of the all-sky map: a HEALPix pixel (NESTED) of an order."""

    order: int
    pixel: int

    def __str__(self) -> str:
        return f"{self.order}/{self.pixel}"


class TileField(forms.CharField):
    """Reads ``order/pixel``."""

    def to_python(self, value: Any) -> Any:
        """Return a `Tile`, or None where nothing was typed."""
        text = super().to_python(value)
        if not text:
            return None
        order, slash, pixel = text.partition("/")
        if not (slash and order.isdecimal() and pixel.isdecimal() and len(text) < 24):
            raise ValidationError("Expected the order of a HEALPix pixel, a slash, and its number: 4/2047.")
        tile = Tile(int(order), int(pixel))
        if tile.order > INDEX_ORDER or tile.pixel >= 12 * 4**tile.order:
            raise ValidationError(f"There is no HEALPix pixel {text}: orders are 0 to {INDEX_ORDER}.")
        return tile


class _KeyFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=2**63 - 1, **kwargs)


class _ConeFilter(django_filters.CharFilter):
    field_class = ConeField


class _TileFilter(django_filters.CharFilter):
    field_class = TileField


class _NamedConeFilter(django_filters.CharFilter):
    field_class = NamedConeField


def has_light_curves() -> bool:
    """Tell whether targets have summaries of their light curves: tom_dataproducts is installed."""
    try:
        BaseTarget._meta.get_field("light_curve_summary")
    except FieldDoesNotExist:
        return False
    return True


class TargetFilterSet(FollowFilters, RegionFilters):
    """Narrows a list of targets; the names of the filters are public."""

    query = django_filters.CharFilter(method="general_search", label="Name or position")
    name = django_filters.CharFilter(method="filter_name", label="Name contains")
    name_fuzzy = django_filters.CharFilter(method="filter_name_fuzzy", label="Name, separators apart")
    cone_search = _ConeFilter(method="filter_cone", label="Cone: RA, Dec, radius (degrees)")
    target_cone_search = _NamedConeFilter(
        method="filter_named_cone", label="Cone around a target: name, radius (degrees)"
    )
    sky_tile = _TileFilter(method="filter_tile", label="Tile of the sky map: order/pixel")
    key = django_filters.CharFilter(method="filter_extra", label="Tag or extra field")
    value = django_filters.CharFilter(method="filter_extra", label="Its value contains")
    targetlist__name = _KeyFilter(method="filter_list", label="On the list")
    type = django_filters.ChoiceFilter(
        choices=Target.TARGET_TYPES, method="filter_type", label="Type", empty_label="any"
    )
    permissions = django_filters.ChoiceFilter(
        choices=Target.Permissions.choices, label="Who may see it", empty_label="any"
    )
    detected_within = django_filters.ChoiceFilter(
        choices=DETECTED_WITHIN_DAYS,
        method="filter_detected_within",
        label="Detected within",
        empty_label="any time",
    )
    brighter_than = django_filters.NumberFilter(method="filter_brighter_than", label="Brighter than (mag)")

    class Meta:
        model = Target
        fields: list[str] = []

    chosen_list: TargetList | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in conf.extra_fields():
            if not field.get("hidden") and field["name"] not in self.filters:
                self._add(field["name"], _extra_filter(field))
        if not has_light_curves():
            del self.filters["detected_within"], self.filters["brighter_than"]

    def _add(self, name: str, filter_: django_filters.Filter) -> None:
        filter_.model, filter_.parent, filter_.field_name = self.queryset.model, self, name
        self.filters[name] = filter_

    def general_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the targets that a name, a position or a tag in the search box means.

        A project replaces it by ``GENERAL_SEARCH_FUNCTIONS = {"tom_targets.Target": "path.of.function"}``.
        """
        return one_box.search(queryset, value)

    def filter_name(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the targets of which a name contains one of the comma-separated terms."""
        terms = [term for term in value.split(",") if term.strip()][:MAX_NAME_TERMS]
        if len(terms) == 1:
            return named_like(queryset, terms[0], Place.ANYWHERE)
        found = Q()
        for term in terms:
            found |= Q(pk__in=named_like(Target._base_manager.all(), term, Place.ANYWHERE).values("pk"))
        return queryset.filter(found)

    def filter_name_fuzzy(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the targets that bear a name, case and separators apart."""
        return Target.matches.match_fuzzy_name(value, queryset)

    def filter_cone(self, queryset: QuerySet, name: str, value: Cone) -> QuerySet:
        """Return the targets within a circle."""
        return within_circle(queryset, **value._asdict(), sort=self.sorted_by)

    def filter_named_cone(self, queryset: QuerySet, name: str, value: NamedCone) -> QuerySet:
        """Return the targets within a circle around one that the person asking may see."""
        centre = Target.matches.match_fuzzy_name(value.name, self.queryset).exclude(ra=None).first()
        if centre is None or centre.dec is None:
            return queryset.none()
        return self.filter_cone(queryset, name, Cone(centre.ra, centre.dec, value.radius_deg))

    def filter_tile(self, queryset: QuerySet, name: str, value: Tile) -> QuerySet:
        """Return the targets within a tile of the all-sky map."""
        return within_ranges(queryset, merged_ranges([value.pixel], value.order), sort=self.sorted_by)

    def filter_list(self, queryset: QuerySet, name: str, value: int) -> QuerySet:
        """Return the targets on a list; none for one that the person asking may not see."""
        if self.request is None:
            return queryset.none()
        lists = target_lists_for_user(self.request.user, TargetList.objects.filter(pk=value))
        self.chosen_list = lists.first()
        if self.chosen_list is None:
            return queryset.none()
        # By key, without a join: a target stands once on a list.
        through = TargetList.targets.through.objects.filter(targetlist_id=value)
        return queryset.filter(pk__in=through.values("basetarget_id"))

    def filter_extra(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the targets with a tag or extra field whose key, value, or both at once are as asked."""
        cleaned = self.form.cleaned_data
        if name == "value" and cleaned.get("key"):
            return queryset  # done together with the key
        return queryset.filter(has_extra(key=cleaned.get("key") or "", value=cleaned.get("value") or ""))

    def filter_type(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the targets of a type."""
        few = keys_if_few(BaseTarget._base_manager.using(queryset.db).filter(type=value))
        return queryset.filter(OnTheWay("type", value) if few is None else KeysIn(few))

    def filter_detected_within(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the targets detected within so many days."""
        return self._with_summary(queryset, last_detection__gte=timezone.now() - timedelta(days=int(value)))

    def filter_brighter_than(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        """Return the targets whose newest detection is brighter than a magnitude."""
        return self._with_summary(queryset, last_mag__lt=float(value))

    def _with_summary(self, queryset: QuerySet, **conditions: Any) -> QuerySet:
        """Return the targets whose summary of the light curve is as asked.

        SQLite starts from the summaries that fit, however many, and sorts their targets. Where many fit, the
        order of the list leads sooner to its first page, so it is asked in a way that leaves no choice;
        unless the list is sorted by the summaries themselves.
        """
        joined = queryset.filter(**{f"{_SUMMARY}__{lookup}": wanted for lookup, wanted in conditions.items()})
        column = COLUMNS.get(self.sorted_by)
        if connections[queryset.db].vendor != "sqlite" or (column and column.sort.startswith(_SUMMARY)):
            return joined
        rows = Target._meta.get_field(_SUMMARY).related_model._default_manager.filter(**conditions)
        if len(rows.values_list("pk", flat=True)[:_FEW_SUMMARIES]) < _FEW_SUMMARIES:
            return joined
        return queryset.filter(Exists(rows.filter(pk=OuterRef("pk"))))


def _extra_filter(field: dict[str, Any]) -> django_filters.Filter:
    """Return the filter of a field of ``EXTRA_FIELDS``: a range of numbers or times, a truth, or a text."""
    label = str(field["name"]).replace("_", " ").capitalize()
    if field["type"] == "number":
        return _ExtraRange(label=label, typed_column="float_value")
    if field["type"] == "datetime":
        return _ExtraTimes(label=label, typed_column="time_value")
    if field["type"] == "boolean":
        return _ExtraTruth(label=label, typed_column="bool_value")
    return _ExtraText(label=label, typed_column="value")


class _OfExtra:
    """Mixin of a filter that looks into the rows of one extra field."""

    def __init__(self, *args: Any, typed_column: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.typed_column = typed_column

    def having(self, queryset: QuerySet, **conditions: Any) -> QuerySet:
        rows = TargetExtra.objects.filter(
            key=self.field_name,  # type: ignore[attr-defined]
            **{f"{self.typed_column}{lookup}": wanted for lookup, wanted in conditions.items()},
        )
        return queryset.filter(pk__in=rows.values("target_id"))

    def between(self, queryset: QuerySet, value: Any) -> QuerySet:
        limits = {"__gte": value.start, "__lte": value.stop}
        return self.having(queryset, **{key: limit for key, limit in limits.items() if limit is not None})


class _ExtraRange(_OfExtra, django_filters.RangeFilter):
    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        return self.between(qs, value) if value else qs


class _ExtraTimes(_OfExtra, django_filters.IsoDateTimeFromToRangeFilter):
    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        return self.between(qs, value) if value else qs


class _ExtraTruth(_OfExtra, django_filters.BooleanFilter):
    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        return qs if value is None else self.having(qs, **{"": value})


class _ExtraText(_OfExtra, django_filters.CharFilter):
    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        return self.having(qs, __icontains=value) if value else qs
