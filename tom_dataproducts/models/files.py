"""Files that belong to a target or an observation record, and groups of them."""

from __future__ import annotations

import os
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.text import slugify

from tom_common.history import TrackedModel, TrackedQuerySet
from tom_dataproducts import conf
from tom_dataproducts.models.summary import LightCurveSummary
from tom_dataproducts.signals import thumbnail_asked_for, thumbnail_wanted

_FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fz", ".fits.gz", ".fit.gz", ".fts.gz")


def data_product_path(instance: DataProduct, filename: str) -> str:
    """Return where a product's file is kept below the media root.

    ``DATA_PRODUCT_PATH`` may name another callable with the same arguments.
    """
    path = conf.data_product_path()
    if path:
        return import_string(path)(instance, filename)
    record = instance.observation_record
    folder = slugify(record.facility) if record is not None else "none"
    # A name without a letter or digit has no slug, and a path must not begin with a slash.
    return f"{slugify(instance.target.name) or f'target-{instance.target_id}'}/{folder}/{filename}"


class DataProductGroup(models.Model):
    """Data products that belong together."""

    name = models.CharField(max_length=200)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return self.name


class DataProductQuerySet(TrackedQuerySet):
    """Files; deleting them takes what was measured from them along."""

    def _light_curve_targets(self) -> set[int]:
        products = self.order_by().values("pk")
        typed = self.model._meta.apps.get_model("tom_dataproducts", "PhotometryReducedDatum")
        generic = self.model._meta.apps.get_model("tom_dataproducts", "ReducedDatum")
        return {
            pk
            for rows in (typed.objects, generic.objects.filter(data_type__iexact="photometry"))
            for pk in rows.filter(data_product__in=products).values_list("target_id", flat=True).distinct()
        }

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete products and their measurements; summaries of light curves become stale."""
        with transaction.atomic(using=self.db):
            touched = self._light_curve_targets()
            deleted = super().delete()
            LightCurveSummary.objects.using(self.db).mark_stale(touched)
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class DataProduct(TrackedModel):
    """A file: photometry, a spectrum, an image, a cutout of an alert."""

    FITS_EXTENSIONS = {".fits": "PRIMARY", ".fz": "SCI"}

    product_id = models.CharField(max_length=255, unique=True, null=True)
    target = models.ForeignKey("tom_targets.BaseTarget", on_delete=models.CASCADE)
    observation_record = models.ForeignKey(
        "tom_observations.ObservationRecord", null=True, default=None, on_delete=models.CASCADE
    )
    data = models.FileField(upload_to=data_product_path, null=True, default=None, max_length=255)
    extra_data = models.TextField(blank=True, default="")
    group = models.ManyToManyField(DataProductGroup)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)
    data_product_type = models.CharField(max_length=50, blank=True, default="")
    featured = models.BooleanField(default=False)
    thumbnail = models.FileField(upload_to=data_product_path, null=True, default=None, max_length=255)

    objects = DataProductQuerySet.as_manager()

    class Meta:
        ordering = ("-created",)
        get_latest_by = ("modified",)
        permissions = (("view_dataproduct", "View Data Product"),)
        default_permissions = ("add", "change", "delete")
        # What the list of files is sorted and narrowed by.
        indexes = [
            models.Index(fields=["data", "id"], name="tom_dp_file_by_path"),
            models.Index(fields=["data_product_type", "id"], name="tom_dp_file_by_type"),
            models.Index(fields=["created"], name="tom_dp_file_by_created"),
            models.Index(fields=["id"], name="tom_dp_file_featured", condition=models.Q(featured=True)),
        ]

    def __str__(self) -> str:
        return self.get_file_name() or f"data product {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the product.

        Raises
        ------
        ValidationError
            If its type is neither empty nor a key of ``DATA_PRODUCT_TYPES``.
        """
        types = conf.data_product_types()
        if self.data_product_type and self.data_product_type not in types:
            known = ", ".join(types)
            raise ValidationError(
                f"data product type {self.data_product_type!r} is not in DATA_PRODUCT_TYPES: {known}"
            )
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the product and its measurements; summaries of light curves become stale."""
        using = kwargs.get("using") or self._state.db
        with transaction.atomic(using=using):
            touched = type(self).objects.using(using).filter(pk=self.pk)._light_curve_targets()
            deleted = super().delete(*args, **kwargs)
            LightCurveSummary.objects.using(using).mark_stale(touched)
        return deleted

    def get_type_display(self) -> str:
        """Return the name of the product's type."""
        entry = conf.data_product_types().get(self.data_product_type)
        return entry[1] if entry else self.data_product_type

    def get_file_name(self) -> str:
        """Return the file's base name, empty without a file."""
        return os.path.basename(self.data.name or "") if self.data else ""

    @property
    def has_picture(self) -> bool:
        """Tell whether the product is a FITS file, by its name."""
        return self.get_file_name().lower().endswith(_FITS_SUFFIXES)

    def get_preview(self, size: tuple[int, int] | None = None, redraw: bool = False) -> str | None:
        """Return the address of the thumbnail of a FITS file, None for other files.

        The thumbnail is made in the background, `redraw` makes it anew; until then the address gives an empty
        picture. `size` is accepted for the sake of callers: there is one thumbnail, of
        ``THUMBNAIL_DEFAULT_SIZE``.
        """
        suffix = self.get_file_extension().lower()
        stem = self.get_file_name().lower().removesuffix(".gz")
        if suffix not in self.FITS_EXTENSIONS and not stem.endswith(tuple(self.FITS_EXTENSIONS)):
            return None
        if redraw or not self.thumbnail:
            thumbnail_wanted.send(sender=type(self), product=self, redraw=redraw)
        return reverse("dataproducts:thumbnail", args=[self.pk])

    def create_thumbnail(self, width: int | None = None, height: int | None = None) -> bytes | None:
        """Make and store the thumbnail of a FITS file now, which takes its time; for jobs, not for pages.

        Parameters
        ----------
        width, height : int, optional
            Most pixels; those of ``THUMBNAIL_DEFAULT_SIZE`` without.

        Returns
        -------
        bytes or None
            A PNG; None if the file has no image.
        """
        usual = conf.thumbnail_default_size()
        size = (width or usual[0], height or usual[1])
        made: list[tuple[Any, Any]] = thumbnail_asked_for.send(sender=type(self), product=self, size=size)
        return next((content for _, content in made if isinstance(content, bytes)), None)

    def get_file_extension(self) -> str:
        """Return the file's last suffix with its dot, empty without a file."""
        return os.path.splitext(self.data.name or "")[1] if self.data else ""
