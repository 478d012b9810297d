"""Rows that say how people follow a target: the status word of a team, and whose favourite it is."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tom_common.history import TrackedModel, TrackedQuerySet


class TargetStatus(TrackedModel):
    """The word by which one team says what it does with a target; other teams have their own.

    A word that was taken back leaves an empty one: its history is the team's as long as the row is there.
    """

    target = models.ForeignKey("tom_targets.BaseTarget", on_delete=models.CASCADE, related_name="statuses")
    group = models.ForeignKey("auth.Group", on_delete=models.CASCADE, related_name="+")
    word = models.CharField(max_length=40, verbose_name="Status")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField()

    objects = TrackedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "target statuses"
        unique_together = ["target", "group"]
        indexes = [models.Index(fields=["group", "word", "target"], name="tom_targets_status_word")]

    def __str__(self) -> str:
        return f"{self.target} is {self.word} for {self.group}"


class TargetFavourite(models.Model):
    """A target that a user marked with a star."""

    target = models.ForeignKey("tom_targets.BaseTarget", on_delete=models.CASCADE, related_name="favourites")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        unique_together = ["user", "target"]

    def __str__(self) -> str:
        return f"{self.target} for {self.user}"
