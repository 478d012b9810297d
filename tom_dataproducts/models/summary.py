"""What lists show of a light curve, kept per target so that a page of targets costs one query."""

from __future__ import annotations

from django.db import models


class LightCurveSummary(models.Model):
    """Counts, newest detection, rate of change and a few points of a target's photometry.

    Writes of photometry mark the row stale; ``tom_dataproducts.summaries`` computes it anew. Magnitudes
    are AB where the photometry is flux, else as measured.
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
    points = models.JSONField(
        default=list, help_text="Up to 40 newest points: [MJD (UTC), magnitude, band, 1 if it is a limit]."
    )
    is_stale = models.BooleanField(default=True, db_index=True)
    computed = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"light curve of target {self.target_id}"
