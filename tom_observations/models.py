"""Rows of tom_observations: our copies of requests at facilities, their groups, cadences and templates."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

from tom_common.hooks import run_hook


class ObservationRecord(models.Model):
    """Our copy of one request at a facility, with its status."""

    target = models.ForeignKey("tom_targets.BaseTarget", on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, default=None, on_delete=models.DO_NOTHING)
    facility = models.CharField(max_length=50)
    parameters = models.JSONField()
    observation_id = models.CharField(max_length=255)
    status = models.CharField(max_length=200)
    scheduled_start = models.DateTimeField(null=True)
    scheduled_end = models.DateTimeField(null=True)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-created",)
        permissions = (("view_observationrecord", "View Observation Record"),)
        default_permissions = ("add", "change", "delete")

    def __str__(self) -> str:
        return f"{self.target} @ {self.facility}"

    def get_absolute_url(self) -> str:
        """Return the address of the page of this record."""
        return reverse("observations:detail", args=[self.pk])

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the record; run ``observation_change_state`` if it is new or its status changed."""
        is_new = self.pk is None or self._state.adding
        previous = (
            None
            if is_new
            else type(self)._base_manager.filter(pk=self.pk).values_list("status", flat=True).first()
        )
        super().save(*args, **kwargs)
        if is_new:
            run_hook("observation_change_state", self, None)
        elif previous != self.status:
            run_hook("observation_change_state", self, previous)


class ObservationGroup(models.Model):
    """Observation records that belong together."""

    name = models.CharField(max_length=50)
    observation_records = models.ManyToManyField(ObservationRecord)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-created",)
        permissions = (("view_observationgroup", "View Observation Group"),)
        default_permissions = ("add", "change", "delete")

    def __str__(self) -> str:
        return self.name


class DynamicCadence(models.Model):
    """A cadence strategy at work on a group of records."""

    observation_group = models.ForeignKey(
        ObservationGroup, null=False, default=None, on_delete=models.CASCADE
    )
    cadence_strategy = models.CharField(max_length=100, blank=False, default=None)
    cadence_parameters = models.JSONField(blank=False, null=False)
    active = models.BooleanField()
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.cadence_strategy} with parameters {self.cadence_parameters}"


class ObservationTemplate(models.Model):
    """Parameters of a request, kept for use on other targets."""

    name = models.CharField(max_length=200)
    facility = models.CharField(max_length=50)
    parameters = models.JSONField()
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


def _between(low: float, high: float) -> list[Any]:
    return [MinValueValidator(low), MaxValueValidator(high)]


class Facility(models.Model):
    """An observatory on the ground or in space."""

    LOCATIONS = (("ground", "Ground-based"), ("space", "Space-based"))
    ORBITS = (
        ("LEO", "Low Earth orbit"),
        ("HEO", "High Earth orbit"),
        ("GEO", "Geostationary orbit"),
        ("L2", "Sun-Earth L2"),
        ("other", "Other"),
    )
    DETECTORS = (
        ("optical", "Optical"),
        ("infrared", "Infrared"),
        ("radio", "Radio"),
        ("ultraviolet", "Ultraviolet"),
        ("xray", "X-ray"),
        ("gamma", "Gamma-ray"),
        ("gravity", "Gravitational waves"),
        ("neutrino", "Neutrinos"),
    )

    site_code = models.CharField(max_length=20, null=True, blank=True)
    mpc_observatory_code = models.CharField(max_length=3, null=True, blank=True)
    full_name = models.CharField(max_length=100)
    short_name = models.CharField(max_length=50)
    location = models.CharField(max_length=15, choices=LOCATIONS)
    latitude = models.FloatField(null=True, blank=True, validators=_between(-90.0, 90.0))
    longitude = models.FloatField(null=True, blank=True, validators=_between(-180.0, 180.0))
    elevation = models.FloatField(null=True, blank=True, validators=_between(-3000.0, 6000.0))
    orbit = models.CharField(max_length=20, choices=ORBITS, null=True, blank=True)
    diameter = models.FloatField(null=True, blank=True, validators=_between(0.0, 600.0))
    typical_seeing = models.FloatField(null=True, blank=True, validators=_between(0.0, 15.0))
    detector_type = models.CharField(max_length=30, choices=DETECTORS)
    info_url = models.URLField(max_length=400, null=True, blank=True)
    api_url = models.URLField(max_length=200, null=True, blank=True)

    class Meta:
        verbose_name_plural = "facilities"

    def __str__(self) -> str:
        return self.short_name
