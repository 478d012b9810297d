"""What lists show of a light curve, kept per target so that a page of targets costs one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.dispatch import Signal
from django.utils import timezone

from tom_dataproducts.queries import upsert_stale_summaries

photometry_written = Signal()
"""Sent after the ORM wrote photometry, inside the transaction; arguments ``target_ids`` and ``using``."""


class LightCurveSummaryQuerySet(models.QuerySet):
    """Summaries of light curves."""

    def mark_stale(self, target_ids: Iterable[int], *, notify: bool = True) -> None:
        """Note that photometry of targets was written: their summaries have to be computed anew.

        Parameters
        ----------
        target_ids : iterable of int
            One statement per thousand; unknown ones are passed over.
        notify : bool
            Whether ``photometry_written`` is sent, which computes the summaries soon. Ingest, which computes
            them itself, says False.
        """
        target_ids = set(target_ids)
        if not target_ids:
            return
        upsert_stale_summaries(target_ids, now=timezone.now(), using=self.db)
        if notify:
            photometry_written.send(sender=self.model, target_ids=target_ids, using=self.db)


class LightCurveSummary(models.Model):
    """Counts, newest detection, rate of change and a few points of a target's photometry.

    Writes of photometry mark the row stale; ``tom_dataproducts.summaries`` computes it anew. Magnitudes
    are AB where the photometry is flux, else as measured. A detection is a measured point that is not forced.
    Where a source is fainter than in the reference image (a negative detection) it counts, but says nothing
    of magnitudes, rate and sparkline: those are of positive detections.
    """

    target = models.OneToOneField(
        "tom_targets.BaseTarget",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="light_curve_summary",
    )
    point_count = models.PositiveIntegerField(default=0)
    detection_count = models.PositiveIntegerField(default=0)
    first_detection = models.DateTimeField(null=True)
    last_detection = models.DateTimeField(null=True, db_index=True)
    last_mag = models.FloatField(null=True, db_index=True)
    last_mag_error = models.FloatField(null=True)
    last_band = models.CharField(max_length=32, blank=True, default="")
    peak_mag = models.FloatField(null=True)
    peak_band = models.CharField(max_length=32, blank=True, default="")
    rate_mag_per_day = models.FloatField(
        null=True, help_text="In the band of the last detection; negative: brightens."
    )
    rate_error = models.FloatField(null=True, help_text="1-sigma error of the rate, mag per day.")
    points = models.JSONField(
        default=list, help_text="Up to 40 newest points: [MJD (UTC), magnitude, band, 1 if it is a limit]."
    )
    is_stale = models.BooleanField(default=True, db_index=True)
    computed = models.DateTimeField(auto_now=True)
    changed = models.DateTimeField(
        default=timezone.now, db_index=True, help_text="When photometry of the target was last written (UTC)."
    )

    objects = LightCurveSummaryQuerySet.as_manager()

    class Meta:
        verbose_name = "summary of a light curve"
        verbose_name_plural = "summaries of light curves"
        indexes = [  # lists are sorted by them
            models.Index(fields=["rate_mag_per_day", "target"], name="tom_summary_rate"),
            models.Index(fields=["detection_count", "target"], name="tom_summary_detections"),
        ]

    def __str__(self) -> str:
        return f"light curve of target {self.target_id}"

    def as_facts(self) -> dict[str, Any]:
        """Return the computed columns, by name."""
        return {name: getattr(self, name) for name in COMPUTED_FIELDS}


COMPUTED_FIELDS = (
    "point_count",
    "detection_count",
    "first_detection",
    "last_detection",
    "last_mag",
    "last_mag_error",
    "last_band",
    "peak_mag",
    "peak_band",
    "rate_mag_per_day",
    "rate_error",
    "points",
)
