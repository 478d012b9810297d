"""What was measured: photometry, spectra and positions in typed tables, anything else in a generic one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from tom_dataproducts.constraints import UniqueWhere
from tom_dataproducts.fields import FloatArrayField, as_floats
from tom_dataproducts.models.light_curve_rows import LightCurveQuerySet, LightCurveRow
from tom_dataproducts.signals import measurements_written
from tom_dataproducts.values import ASTROMETRY_KEYS, PHOTOMETRY_KEYS, SPECTROSCOPY_KEYS
from tom_targets.derived import DerivedField, with_derived

_PROVENANCE = ("source_name", "source_location", "message")


class ReducedDatumQuerySet(LightCurveQuerySet):
    """Rows of measurements; ``get_or_create`` finds a row that differs in its provenance only."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert rows; see Django."""
        objs = list(objs)
        others = {obj.target_id for obj in objs if not obj.is_in_light_curve()}
        with transaction.atomic(using=self.db):
            created = super().bulk_create(objs, *args, **kwargs)
            if others:
                measurements_written.send(sender=self.model, target_ids=others, using=self.db)
        return created

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def get_or_create(self, defaults: dict[str, Any] | None = None, **kwargs: Any) -> tuple[Any, bool]:
        """Return the row of a lookup, made where there is none.

        A row that a unique constraint holds to be the same, whatever its source, is returned instead of
        refused.
        """
        try:
            with transaction.atomic(using=self.db):
                return super().get_or_create(defaults=defaults, **kwargs)
        except (ValidationError, IntegrityError):
            lookup = {name: value for name, value in kwargs.items() if name.split("__")[0] not in _PROVENANCE}
            existing = self.filter(**lookup).first()
            if existing is None:
                raise
            return existing, False


class ReducedDatumCommon(LightCurveRow):
    """What the four kinds of measurement have in common."""

    target = models.ForeignKey("tom_targets.BaseTarget", on_delete=models.CASCADE)
    data_product = models.ForeignKey(
        "tom_dataproducts.DataProduct", null=True, blank=True, on_delete=models.CASCADE
    )
    timestamp = models.DateTimeField(default=timezone.now, db_index=True, help_text="UTC.")
    value = models.JSONField(blank=True, default=dict)
    telescope = models.CharField(max_length=255, blank=True, default="")
    instrument = models.CharField(max_length=255, blank=True, default="")
    source_name = models.CharField(max_length=100, default="", blank=True)
    source_location = models.CharField(max_length=200, default="", blank=True)
    reduction_version = models.CharField(max_length=50, blank=True, default="")

    objects = ReducedDatumQuerySet.as_manager()

    class Meta:
        abstract = True
        get_latest_by = ("timestamp",)

    def clean_fields(self, exclude: Any = None) -> None:
        """Validate the fields; numpy arrays become lists first, since Django compares them with ''."""
        for field in self._meta.concrete_fields:
            if isinstance(field, FloatArrayField) and field.name not in (exclude or ()):
                try:
                    setattr(self, field.attname, as_floats(getattr(self, field.attname)))
                except ValidationError as error:
                    raise ValidationError({field.name: error.messages}) from error
        super().clean_fields(exclude=exclude)

    def save(self, *args: Any, is_valid: bool = False, **kwargs: Any) -> None:
        """Validate and store the row; a duplicate is refused with ``ValidationError``.

        With `is_valid` the caller has looked at the fields, and the constraints of the database decide:
        a duplicate is an ``IntegrityError``, with which a transaction around it has to end.
        """
        if not is_valid:
            self.full_clean()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = with_derived(type(self), kwargs["update_fields"])
        super().save(*args, savepoint=not is_valid, **kwargs)
        if not self.is_in_light_curve():
            using = self._state.db or "default"
            measurements_written.send(sender=type(self), target_ids={self.target_id}, using=using)


class ReducedDatum(ReducedDatumCommon):
    """A measurement of any kind, described by ``data_type`` and the JSON in ``value``."""

    data_type = models.CharField(max_length=100, default="")
    message = models.ManyToManyField("tom_alerts.AlertStreamMessage", blank=True)

    class Meta(ReducedDatumCommon.Meta):
        abstract = False
        verbose_name = "measurement"
        verbose_name_plural = "measurements"
        permissions = (("view_reduceddatum", "View Reduced Datum"),)
        default_permissions = ("add", "change", "delete")
        indexes = [models.Index(fields=["target", "data_type", "timestamp"], name="tom_dp_reduced_by_target")]

    @classmethod
    def light_curve_condition(cls) -> models.Q:
        """Return which rows are part of a light curve: photometry."""
        return models.Q(data_type__iexact="photometry")

    def is_in_light_curve(self) -> bool:
        """Tell whether this row is photometry."""
        return self.data_type.lower() == "photometry"

    def __str__(self) -> str:
        return f"{self.data_type} of {self.target} at {self.timestamp:%Y-%m-%d %H:%M:%S}"

    def validate_unique(self, *args: Any, **kwargs: Any) -> None:
        """Refuse a second row of the same target, type, time and value, whatever its source.

        Raises
        ------
        ValidationError
        """
        super().validate_unique(*args, **kwargs)
        if self.target_id is None:
            return
        same = (
            type(self)
            .objects.filter(target_id=self.target_id, data_type=self.data_type, timestamp=self.timestamp)
            .exclude(pk=self.pk)
        )
        if any(value == self.value for value in same.values_list("value", flat=True)):
            raise ValidationError("Data point already exists.")


class PhotometryReducedDatum(ReducedDatumCommon):
    """Brightness in one band at one time: a magnitude, a signed flux density in nJy, or an upper limit.

    ``limit`` is filled on limits only. Forced photometry has ``reduction_version`` ``forced``.
    ``point_key`` tells
    points of a survey apart by the survey's own measurement id; it is NULL for all others.
    """

    brightness = models.FloatField(blank=True, null=True)
    brightness_error = models.FloatField(blank=True, null=True)
    limit = models.FloatField(blank=True, null=True)
    unit = models.CharField(max_length=32, blank=True, default="")
    bandpass = models.CharField(max_length=32)
    exposure_time = models.FloatField(blank=True, null=True, help_text="In seconds.")
    point_key = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta(ReducedDatumCommon.Meta):
        abstract = False
        verbose_name = "photometry point"
        verbose_name_plural = "photometry points"
        constraints = [
            models.UniqueConstraint(
                fields=["target", "bandpass", "timestamp", "brightness", "instrument", "reduction_version"],
                name="unique_photometry_brightness",
            ),
            UniqueWhere(
                fields=["target", "bandpass", "timestamp", "limit", "instrument", "reduction_version"],
                condition=models.Q(limit__isnull=False),
                name="unique_photometry_limit",
                violation_error_message="This upper limit of the target is stored already.",
            ),
            models.UniqueConstraint(fields=["target", "point_key"], name="unique_photometry_point"),
        ]
        indexes = [
            models.Index(fields=["target", "timestamp"], name="tom_dp_photometry_curve"),
            models.Index(
                fields=["data_product"],
                name="tom_dp_photometry_product",
                condition=models.Q(data_product__isnull=False),
            ),
        ]

    @classmethod
    def light_curve_condition(cls) -> models.Q:
        """Return which rows are part of a light curve: all."""
        return models.Q()

    def is_in_light_curve(self) -> bool:
        """Tell that this row is photometry."""
        return True

    def __str__(self) -> str:
        shown = self.brightness if self.brightness is not None else f">{self.limit}"
        return f"{self.bandpass} {shown} {self.unit} at {self.timestamp:%Y-%m-%d %H:%M:%S}"


# The largest table of all has no index that another one covers, or that holds nothing but NULL.
for _name in ("target", "data_product"):
    PhotometryReducedDatum._meta.get_field(_name).db_index = False


class FluxDigestField(DerivedField, models.CharField):
    """SHA-256 of the list of fluxes, since no database indexes a long array."""

    sources = ("flux",)

    def derive(self, *values: Any) -> str:
        """Return the digest as hexadecimal text."""
        floats = as_floats(values[0]) or []
        return hashlib.sha256(",".join(repr(value) for value in floats).encode()).hexdigest()


class SpectroscopyReducedDatum(ReducedDatumCommon):
    """A spectrum: flux, and perhaps its error, against wavelength."""

    setup = models.CharField(max_length=2000, blank=True, default="")
    exposure_time = models.FloatField(blank=True, null=True, help_text="In seconds.")
    wavelength = FloatArrayField(blank=True, default=list)
    flux = FloatArrayField(blank=True, default=list)
    error = FloatArrayField(blank=True, default=list)
    flux_unit = models.TextField(blank=True, default="")
    wavelength_unit = models.TextField(blank=True, default="")
    flux_digest = FluxDigestField(max_length=64, blank=True, default="", editable=False)

    class Meta(ReducedDatumCommon.Meta):
        abstract = False
        verbose_name = "spectrum"
        verbose_name_plural = "spectra"
        constraints = [
            models.UniqueConstraint(
                fields=["target", "timestamp", "telescope", "instrument", "flux_digest", "reduction_version"],
                name="unique_spectroscopy",
            )
        ]

    def __str__(self) -> str:
        return f"spectrum of {len(self.flux or [])} points at {self.timestamp:%Y-%m-%d %H:%M:%S}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the spectrum; see ``ReducedDatumCommon.save``."""
        self.flux_digest = self._meta.get_field("flux_digest").derive(self.flux)
        super().save(*args, **kwargs)


class AstrometryReducedDatum(ReducedDatumCommon):
    """A measured position (ICRS degrees) at one time."""

    ra = models.FloatField()
    dec = models.FloatField()
    ra_error = models.FloatField(null=True, blank=True, default=None)
    dec_error = models.FloatField(null=True, blank=True, default=None)
    ra_error_units = models.CharField(max_length=32, blank=True, default="")
    dec_error_units = models.CharField(max_length=32, blank=True, default="")

    class Meta(ReducedDatumCommon.Meta):
        abstract = False
        verbose_name = "measured position"
        verbose_name_plural = "measured positions"
        constraints = [
            models.UniqueConstraint(
                fields=["target", "timestamp", "telescope", "instrument", "ra", "dec", "reduction_version"],
                name="unique_astrometry",
            )
        ]

    def __str__(self) -> str:
        return f"{self.ra:.5f} {self.dec:+.5f} at {self.timestamp:%Y-%m-%d %H:%M:%S}"


REDUCED_DATUM_MODELS = (
    ReducedDatum,
    PhotometryReducedDatum,
    SpectroscopyReducedDatum,
    AstrometryReducedDatum,
)

_KINDS: dict[str, tuple[type[models.Model], dict[str, tuple[str, ...]]]] = {
    "photometry": (PhotometryReducedDatum, PHOTOMETRY_KEYS),
    "spectroscopy": (SpectroscopyReducedDatum, SPECTROSCOPY_KEYS),
    "astrometry": (AstrometryReducedDatum, ASTROMETRY_KEYS),
}
_COMMON = (
    "target",
    "data_product",
    "timestamp",
    "telescope",
    "instrument",
    "source_name",
    "source_location",
    "reduction_version",
)


def try_parse_reduced_datum(values: dict[str, Any]) -> Any:
    """Return an unsaved row of the right model for a dictionary of a measurement.

    Parameters
    ----------
    values : dict
        ``data_type``, ``target``, ``timestamp``, ... and the measurement, flat or nested under ``value``.
        Keys that are no field of the model are kept in the row's ``value``.
    """
    flat = dict(values)
    nested = flat.pop("value", None)
    data_type = str(flat.pop("data_type", "") or "")
    kind = _KINDS.get(data_type.lower())
    if kind is None:
        fields = {name: flat.pop(name) for name in _COMMON if name in flat}
        value = {**nested, **flat} if isinstance(nested, dict) else (nested if nested is not None else flat)
        return ReducedDatum(data_type=data_type, value=value, **fields)
    if isinstance(nested, dict):
        flat = {**flat, **nested}
    model, keys = kind
    fields = {name: flat.pop(name) for name in _COMMON if flat.get(name) is not None}
    for name, accepted in keys.items():
        for key in accepted:
            if key in flat and flat[key] is not None:
                fields[name] = flat.pop(key)
                break
    leftover = {key: value for key, value in flat.items() if value is not None and key not in _COMMON}
    if "target" in fields or "data_product" in fields:
        return model(value=leftover, **fields)
    fields["value"] = leftover
    # By position Django fills a row in half the time; ten thousand come in one request.
    return model(*[fields[name] if name in fields else blank() for name, blank in _blanks(model)])


@cache
def _blanks(model: type[models.Model]) -> list[tuple[str, Callable[[], Any]]]:
    """Return the fields of a model in their order, each with what gives its default."""
    return [(field.name, field._get_default) for field in model._meta.concrete_fields]
