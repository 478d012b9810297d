"""What somebody brought along to search the sky with: a list of positions, a region from a file."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from tom_common.job_links import LinksJob


class CrossMatch(LinksJob):
    """A list of positions that is compared with the targets, and where list and result lie.

    Both are kept until the row is deleted, by its owner or with ``user``.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(max_length=255, help_text="Name of the file, or what was pasted.")
    stored_list = models.CharField(max_length=300, help_text="Where the list lies in the storage.")
    stored_result = models.CharField(max_length=300, blank=True, default="")
    radius_arcsec = models.FloatField()
    is_nearest = models.BooleanField(default=True, help_text="Only the nearest target of each position.")
    ra_column = models.CharField(max_length=100, blank=True, default="")
    dec_column = models.CharField(max_length=100, blank=True, default="")
    result = models.JSONField(default=dict, help_text="Counts, and the first rows that were not understood.")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created", "-pk")
        verbose_name_plural = "cross matches"
        indexes = [models.Index(fields=["user", "-created"], name="tom_targets_cross_user")]

    def __str__(self) -> str:
        return f"Cross-match of {self.name}"

    def get_absolute_url(self) -> str:
        """Return the address of its result."""
        return reverse("targets:cross-match", kwargs={"pk": self.pk})


class SkyRegion(models.Model):
    """A region of the sky from a file, a coverage map or a sky map: ranges of the sky index.

    Everybody who is logged in may use it, so that the address of a list can be sent to a colleague.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    name = models.CharField(max_length=100)
    ranges = models.JSONField(help_text="Pairs of first and last index, HEALPix NESTED of order 29.")
    area_deg2 = models.FloatField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the list of the targets inside."""
        return f"{reverse('targets:list')}?region={self.pk}"
