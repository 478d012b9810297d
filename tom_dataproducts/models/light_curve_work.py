"""What people add to a light curve: notes on points, periods that were looked for, dust in front of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from tom_common.history import TrackedModel, TrackedQuerySet
from tom_common.job_links import LinksJob


class PointNote(TrackedModel):
    """What somebody says about one point of a light curve, found by its time, band and source.

    Not by a key: the same point may lie in the typed or in the generic table, or come anew with a better
    reduction.
    """

    MAX_LENGTH = 1000

    target = models.ForeignKey("tom_targets.BaseTarget", on_delete=models.CASCADE, related_name="point_notes")
    timestamp = models.DateTimeField(help_text="Time of the point, UTC.")
    band = models.CharField(max_length=32, blank=True, default="")
    source = models.CharField(max_length=255, blank=True, default="")
    text = models.TextField(max_length=MAX_LENGTH)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="point_notes"
    )
    created = models.DateTimeField(default=timezone.now)

    objects = TrackedQuerySet.as_manager()

    class Meta:
        ordering = ("timestamp", "pk")
        verbose_name = "note on a point"
        verbose_name_plural = "notes on points"
        indexes = [models.Index(fields=["target", "timestamp"], name="tom_dp_note_by_target")]

    def __str__(self) -> str:
        return f"{self.band} {self.timestamp:%Y-%m-%d %H:%M:%S}: {self.text[:60]}"


class PeriodSearch(LinksJob):
    """A search for periods in the photometry of a target; one for each user and choice of bands."""

    class Brightness(models.TextChoices):
        """In what the periods are looked for."""

        MAG = "mag", "Magnitudes of detections"
        FLUX = "flux", "Fluxes, forced and negative ones too"

    target = models.ForeignKey(
        "tom_targets.BaseTarget", on_delete=models.CASCADE, related_name="period_searches"
    )
    bands = models.CharField(max_length=500, help_text="Names joined by commas, in order.")
    brightness = models.CharField(max_length=4, choices=Brightness, default=Brightness.MAG)
    min_period_d = models.FloatField(help_text="In days.")
    max_period_d = models.FloatField(null=True, blank=True, help_text="In days.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created = models.DateTimeField(default=timezone.now)
    result = models.JSONField(null=True, blank=True, help_text="See tom_common.astro.periods.Periodogram.")
    error = models.TextField(blank=True, default="", help_text="Why there is no result.")

    class Meta:
        ordering = ("-created", "-pk")
        verbose_name = "search for periods"
        verbose_name_plural = "searches for periods"
        constraints = [
            models.UniqueConstraint(
                fields=["target", "user", "bands", "brightness"], name="unique_period_search_of_user"
            )
        ]

    def __str__(self) -> str:
        return f"periods of target {self.target_id} in {self.bands}"

    def get_absolute_url(self) -> str:
        """Return the address of the page of the target's periods, with this search on top."""
        return f"{reverse('dataproducts:periods', kwargs={'pk': self.target_id})}?search={self.pk}"

    @property
    def band_names(self) -> list[str]:
        """The bands, one by one."""
        return self.bands.split(",")


class GalacticDust(LinksJob):
    """The colour excess of the Milky Way at the position of a target, as IRSA's dust service gives it."""

    target = models.OneToOneField(
        "tom_targets.BaseTarget",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="galactic_dust",
    )
    ra_deg = models.FloatField(help_text="Position asked for, ICRS degrees.")
    dec_deg = models.FloatField()
    ebv_sf11_mag = models.FloatField(null=True, help_text="E(B-V), Schlafly & Finkbeiner (2011), mag.")
    ebv_sfd_mag = models.FloatField(null=True, help_text="E(B-V), Schlegel et al. (1998), mag.")
    fetched = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "dust in front of a target"
        verbose_name_plural = "dust in front of targets"

    def __str__(self) -> str:
        return f"dust in front of target {self.target_id}"

    def is_of(self, target: Any) -> bool:
        """Tell whether this is the dust at where a target stands now; a map has pixels of minutes of arc."""
        if target.ra is None or target.dec is None:
            return False
        return abs(target.ra - self.ra_deg) < 0.01 and abs(target.dec - self.dec_deg) < 0.01
