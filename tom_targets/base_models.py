"""The target: what may be observed, sidereal or not. Everything that hangs on a target points here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms.models import model_to_dict
from django.urls import reverse
from django.utils.module_loading import import_string

from tom_common.history import TrackedModel
from tom_common.hooks import run_hook
from tom_targets import conf
from tom_targets.derived import DerivedQuerySet, NameKeyField, SkyIndexField, with_derived
from tom_targets.field_names import (  # noqa: F401  public names
    DERIVED_FIELDS,
    GLOBAL_TARGET_FIELDS,
    IGNORE_FIELDS,
    NON_SIDEREAL_FIELDS,
    REQUIRED_NON_SIDEREAL_FIELDS,
    REQUIRED_NON_SIDEREAL_FIELDS_PER_SCHEME,
    REQUIRED_SIDEREAL_FIELDS,
    SIDEREAL_FIELDS,
)
from tom_targets.match_manager import TargetMatchManager
from tom_targets.signals import target_created, target_creating


def get_default_target_permission() -> str:
    """Return who sees a new target, as the settings say."""
    return conf.default_target_permission()


def get_target_model_app_label() -> str:
    """Return the app label of the target class in use, which its permission strings begin with."""
    path = conf.target_model_path()
    return path.split(".")[0] if path else "tom_targets"


def match_manager(model_name: str = "Target") -> models.Manager:
    """Return the match manager that the settings name, or the built-in one.

    Raises
    ------
    ImportError
        If the dotted path in ``MATCH_MANAGERS`` cannot be imported.
    """
    path = conf.match_manager_path(model_name)
    return import_string(path)() if path else TargetMatchManager()


class BaseTarget(TrackedModel):
    """A target with the position or elements from which it can be found, and who may see it.

    Positions are ICRS degrees, proper motions mas/yr, parallax mas, distance pc, ``epoch`` a Julian year,
    ``epoch_of_elements`` and ``epoch_of_perihelion`` MJD, semimajor axis and perihelion distance au.
    """

    SIDEREAL = "SIDEREAL"
    NON_SIDEREAL = "NON_SIDEREAL"
    TARGET_TYPES = ((SIDEREAL, "Sidereal"), (NON_SIDEREAL, "Non-sidereal"))
    TARGET_SCHEMES = (
        ("MPC_MINOR_PLANET", "MPC Minor Planet"),
        ("MPC_COMET", "MPC Comet"),
        ("JPL_MAJOR_PLANET", "JPL Major Planet"),
    )

    class Permissions(models.TextChoices):
        """Who sees a target."""

        OPEN = "OPEN", "Open: everybody"
        PUBLIC = "PUBLIC", "Public: everybody who is logged in"
        PRIVATE = "PRIVATE", "Private: only those who were given access"

    name = models.CharField(
        max_length=100,
        default="",
        unique=True,
        verbose_name="Name",
        help_text="The name of this target, e.g. SN 2024abc.",
    )
    type = models.CharField(
        max_length=100,
        choices=TARGET_TYPES,
        verbose_name="Target type",
        help_text="Fixed on the sky, or moving.",
    )
    created = models.DateTimeField(auto_now_add=True, verbose_name="Time created")
    modified = models.DateTimeField(auto_now=True, verbose_name="Last modified")
    permissions = models.CharField(
        max_length=100,
        default=get_default_target_permission,
        choices=Permissions.choices,
        verbose_name="Who may see it",
    )
    ra = models.FloatField(
        null=True, blank=True, verbose_name="Right ascension", help_text="ICRS, in degrees."
    )
    dec = models.FloatField(null=True, blank=True, verbose_name="Declination", help_text="ICRS, in degrees.")
    epoch = models.FloatField(
        null=True, blank=True, verbose_name="Epoch", help_text="Julian year, e.g. 2016.0."
    )
    parallax = models.FloatField(null=True, blank=True, verbose_name="Parallax", help_text="In mas.")
    pm_ra = models.FloatField(
        null=True, blank=True, verbose_name="Proper motion (RA)", help_text="Times cos(dec), in mas/yr."
    )
    pm_dec = models.FloatField(
        null=True, blank=True, verbose_name="Proper motion (Dec)", help_text="In mas/yr."
    )
    galactic_lng = models.FloatField(
        null=True, blank=True, verbose_name="Galactic longitude", help_text="In degrees."
    )
    galactic_lat = models.FloatField(
        null=True, blank=True, verbose_name="Galactic latitude", help_text="In degrees."
    )
    distance = models.FloatField(null=True, blank=True, verbose_name="Distance", help_text="In pc.")
    distance_err = models.FloatField(null=True, blank=True, verbose_name="Distance error", help_text="In pc.")
    scheme = models.CharField(
        max_length=50, choices=TARGET_SCHEMES, default="", blank=True, verbose_name="Orbital element scheme"
    )
    epoch_of_elements = models.FloatField(
        null=True, blank=True, verbose_name="Epoch of elements", help_text="MJD."
    )
    mean_anomaly = models.FloatField(
        null=True, blank=True, verbose_name="Mean anomaly", help_text="In degrees."
    )
    arg_of_perihelion = models.FloatField(
        null=True, blank=True, verbose_name="Argument of perihelion", help_text="J2000, in degrees."
    )
    eccentricity = models.FloatField(null=True, blank=True, verbose_name="Eccentricity")
    lng_asc_node = models.FloatField(
        null=True, blank=True, verbose_name="Longitude of ascending node", help_text="J2000, in degrees."
    )
    inclination = models.FloatField(
        null=True, blank=True, verbose_name="Inclination to the ecliptic", help_text="J2000, in degrees."
    )
    mean_daily_motion = models.FloatField(
        null=True, blank=True, verbose_name="Mean daily motion", help_text="In degrees per day."
    )
    semimajor_axis = models.FloatField(
        null=True, blank=True, verbose_name="Semimajor axis", help_text="In au."
    )
    epoch_of_perihelion = models.FloatField(
        null=True, blank=True, verbose_name="Epoch of perihelion", help_text="MJD."
    )
    ephemeris_period = models.FloatField(
        null=True, blank=True, verbose_name="Ephemeris period", help_text="In days."
    )
    ephemeris_period_err = models.FloatField(
        null=True, blank=True, verbose_name="Ephemeris period error", help_text="In days."
    )
    ephemeris_epoch = models.FloatField(
        null=True, blank=True, verbose_name="Ephemeris epoch", help_text="MJD."
    )
    ephemeris_epoch_err = models.FloatField(
        null=True, blank=True, verbose_name="Ephemeris epoch error", help_text="In days."
    )
    perihdist = models.FloatField(
        null=True, blank=True, verbose_name="Perihelion distance", help_text="In au."
    )
    abs_mag = models.FloatField(
        null=True, blank=True, verbose_name="Absolute magnitude (H)", help_text="In mag."
    )
    slope = models.FloatField(null=True, blank=True, verbose_name="Slope parameter (G)")
    shared_by = models.CharField(max_length=200, default="", blank=True, verbose_name="Shared by")
    shared_from = models.CharField(max_length=200, default="", blank=True, verbose_name="Shared from")
    sky_index = SkyIndexField(null=True, blank=True, editable=False, db_index=True)
    name_key = NameKeyField(max_length=100, default="", blank=True, editable=False, db_index=True)

    objects = DerivedQuerySet.as_manager()
    matches = match_manager()

    class Meta:
        verbose_name = "target"
        permissions = (
            ("view_target", "View Target"),
            ("add_target", "Add Target"),
            ("change_target", "Change Target"),
            ("delete_target", "Delete Target"),
        )
        indexes = [
            models.Index(fields=["created", "id"], name="tom_targets_newest"),
            models.Index(fields=["modified", "id"], name="tom_targets_changed"),
            models.Index(fields=["ra", "id"], name="tom_targets_ra"),
            models.Index(fields=["dec", "id"], name="tom_targets_dec"),
            models.Index(fields=["type", "id"], name="tom_targets_type"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the target's page."""
        return reverse("targets:detail", kwargs={"pk": self.pk})

    def save(
        self,
        *args: Any,
        extras: Mapping[str, Any] | None = None,
        names: Iterable[Any] = (),
        **kwargs: Any,
    ) -> None:
        """Store the target, its extra fields and further names, and run the hook ``target_post_save``.

        Parameters
        ----------
        extras : mapping of str to value
            Extra fields to create or overwrite.
        names : iterable of str or TargetName
            Aliases to add; those it has already are left alone.

        Raises
        ------
        IntegrityError
            If another target has the name.
        ValidationError
            If an alias belongs to another target.
        """
        created = self._state.adding
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = with_derived(type(self), kwargs["update_fields"])
        if not (extras or names or (created and conf.default_extra_fields())):
            super().save(*args, **kwargs)
        else:
            self._save_with_parts(created, extras, names, *args, **kwargs)
        run_hook("target_post_save", target=self, created=created)

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        """Store the row, and tell the apps above of a new one; see Django."""
        if not self._state.adding:
            super().save_base(*args, **kwargs)
            return
        with transaction.atomic(using=kwargs.get("using"), savepoint=False):
            target_creating.send(sender=type(self), instance=self)
            super().save_base(*args, **kwargs)
            target_created.send(sender=type(self), instance=self)

    save_base.alters_data = True  # type: ignore[attr-defined]

    def _save_with_parts(self, created: bool, extras: Any, names: Any, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic(using=kwargs.get("using")):
            super().save(*args, **kwargs)
            if created:
                self._save_default_extras()
            for key, value in (extras or {}).items():
                extra, is_new = self.targetextra_set.get_or_create(key=key, defaults={"value": value})
                if not is_new:
                    extra.value = value
                    extra.save()
            for name in names or ():
                self._save_alias(name)

    def _save_default_extras(self) -> None:
        for field in conf.default_extra_fields():
            extra, new = self.targetextra_set.get_or_create(key=field["name"])
            if new:
                extra.value = field["default"]
                extra.save()

    def _save_alias(self, name: Any) -> None:
        text = str(getattr(name, "name", name)).strip()
        if not text or self.aliases.filter(name=text).exists():
            return
        alias = self.aliases.model(target=self, name=text)
        alias.full_clean()
        alias.save()

    def validate_unique(self, *args: Any, **kwargs: Any) -> None:
        """Refuse a name that matches another target, or one of this target's own aliases.

        Raises
        ------
        ValidationError
            With the names that clash.
        """
        super().validate_unique(*args, **kwargs)
        manager = type(self).matches
        if not manager.is_unique(self):
            others = manager.match_target(self).exclude(pk=self.pk) if self.pk else manager.match_target(self)
            raise ValidationError(
                "Target {name} is already known as: {others}".format(
                    name=self.name, others=", ".join(others.values_list("name", flat=True)[:5])
                )
            )
        if self.pk:
            key = manager.simplify_name(self.name)
            for alias in self.aliases.values_list("name", flat=True):
                if manager.simplify_name(alias) == key:
                    raise ValidationError(
                        f"Target name {self.name} is already an alias of this target: {alias}"
                    )

    @property
    def names(self) -> list[str]:
        """The name, then the aliases."""
        return [self.name, *(alias.name for alias in self.aliases.all())]

    @property
    def extra_fields(self) -> dict[str, Any]:
        """Extras declared in ``EXTRA_FIELDS``, by name, in their declared type."""
        declared = {field["name"]: field["type"] for field in conf.extra_fields()}
        return {
            extra.key: extra.typed_value(declared[extra.key])
            for extra in self.targetextra_set.all()
            if extra.key in declared
        }

    @property
    def tags(self) -> dict[str, str]:
        """Extras that are not declared in ``EXTRA_FIELDS``, by name, as text."""
        declared = {field["name"] for field in conf.extra_fields()}
        return {extra.key: extra.value for extra in self.targetextra_set.all() if extra.key not in declared}

    @property
    def constellation(self) -> str | None:
        """Full name of the constellation of a sidereal target."""
        if self.type != self.SIDEREAL or self.ra is None or self.dec is None:
            return None
        from astropy.coordinates import SkyCoord

        return str(SkyCoord(self.ra, self.dec, unit="deg").get_constellation())

    def featured_image(self) -> Any:
        """Return the data product that stands for the target, or None."""
        return self.dataproduct_set.filter(data_product_type="fits_file", featured=True).first()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields of the target's type in order, then others that are filled in and not hidden."""
        if self.type == self.SIDEREAL:
            ordered = SIDEREAL_FIELDS
        elif self.type == self.NON_SIDEREAL:
            ordered = NON_SIDEREAL_FIELDS
        else:
            ordered = GLOBAL_TARGET_FIELDS
        values = {name: getattr(self, name) for name in ordered}
        shown = model_to_dict(self)
        for field in self._meta.get_fields():
            if field.name in values or field.name not in shown or field.name in IGNORE_FIELDS:
                continue
            if getattr(field, "hidden", False) or shown[field.name] in (None, ""):
                continue
            values[field.name] = shown[field.name]
        return values

    def give_user_access(self, user: Any) -> None:
        """Let a user or a group see, change and delete this target."""
        from tom_common.grants import grant_access

        if user is not None:
            grant_access(user, self)
