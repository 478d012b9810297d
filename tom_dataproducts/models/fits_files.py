"""What is known of the content of FITS files: read once in the background, shown by pages."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver


class FitsReading(models.Model):
    """That a FITS file was read: ``source`` tells which content, ``problem`` why it cannot be shown."""

    is_derived = True  # from the file: read again at need, so that no trash keeps it

    data_product = models.OneToOneField(
        "tom_dataproducts.DataProduct", on_delete=models.CASCADE, related_name="fits_reading"
    )
    source = models.CharField(max_length=300, help_text="Name of the file that was read.")
    problem = models.CharField(max_length=300, blank=True, default="")
    created = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "reading of a FITS file"
        verbose_name_plural = "readings of FITS files"

    def __str__(self) -> str:
        return f"reading of {self.source}"


def asked_key(product_pk: int) -> str:
    """Return under which name the cache knows for a while that a file was asked to be read."""
    return f"tom_dataproducts.read_fits.{product_pk}"


def preview_path(instance: FitsExtension, filename: str) -> str:
    """Return where the preview of an extension is kept below the media root."""
    return f"fits-previews/{instance.reading.data_product_id}/{filename}"


class FitsExtension(models.Model):
    """One unit of a FITS file, and the smaller copy of its image once somebody wanted to see it."""

    is_derived = True

    reading = models.ForeignKey(FitsReading, on_delete=models.CASCADE, related_name="extensions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=80, blank=True, default="")
    kind = models.CharField(max_length=20)
    shape = models.JSONField(default=list)
    header = models.TextField(blank=True, default="", help_text="The cards, one a line.")
    unit = models.CharField(max_length=40, blank=True, default="")
    view = models.JSONField(null=True, help_text="Block size, limits and sky of the preview.")
    problem = models.CharField(max_length=300, blank=True, default="")
    preview = models.FileField(upload_to=preview_path, null=True, default=None, max_length=255)

    class Meta:
        ordering = ("number",)
        verbose_name = "extension of a FITS file"
        verbose_name_plural = "extensions of FITS files"
        constraints = [models.UniqueConstraint(fields=["reading", "number"], name="unique_fits_extension")]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()

    @property
    def is_image(self) -> bool:
        """Tell whether it has pixels that can be drawn."""
        return self.kind.endswith("image") and len(self.shape) >= 2 and all(self.shape)

    @property
    def size_text(self) -> str:
        """Columns by rows (by planes), as FITS counts them."""
        return " × ".join(str(side) for side in reversed(self.shape))


@receiver(post_delete, sender=FitsExtension, dispatch_uid="tom_dataproducts.remove_preview")
def remove_preview(instance: FitsExtension, **kwargs: Any) -> None:
    """Delete the file of a preview once its row is gone for certain."""
    if instance.preview and instance.preview.name:
        storage, name = instance.preview.storage, instance.preview.name
        transaction.on_commit(lambda: storage.delete(name), using=kwargs.get("using"))


@receiver(post_delete, sender="tom_dataproducts.DataProduct", dispatch_uid="tom_dataproducts.forget_asked")
def forget_asked(instance: Any, **kwargs: Any) -> None:
    """Let a file be read anew as soon as it comes back, alone or with its target."""
    key = asked_key(instance.pk)
    transaction.on_commit(lambda: cache.delete(key), using=kwargs.get("using"))
