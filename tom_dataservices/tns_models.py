"""Rows of the daily list of the Transient Name Server: its public transients, and what was read of it."""

from __future__ import annotations

from django.db import models


class TnsObject(models.Model):
    """A public transient as the daily list has it."""

    objid = models.BigIntegerField(primary_key=True, help_text="Its number at TNS.")
    prefix = models.CharField(max_length=10, help_text="AT, SN, FRB, TDE ...")
    name = models.CharField(max_length=50, db_index=True, help_text="Without the prefix: 2026abc.")
    ra = models.FloatField(help_text="deg, ICRS")
    dec = models.FloatField(help_text="deg, ICRS")
    sky_index = models.BigIntegerField(db_index=True)
    redshift = models.FloatField(null=True)
    type_id = models.IntegerField(null=True)
    type_name = models.CharField(max_length=50, blank=True, default="")
    discovered = models.DateTimeField(null=True, db_index=True)
    discovery_mag = models.FloatField(null=True, help_text="mag, in the system of its filter.")
    discovery_filter = models.CharField(max_length=50, blank=True, default="")
    reporting_group = models.CharField(max_length=100, blank=True, default="")
    source_group = models.CharField(max_length=100, blank=True, default="")
    internal_names = models.TextField(blank=True, default="", help_text="With commas between.")
    modified = models.DateTimeField(db_index=True, help_text="Last change at TNS.")

    class Meta:
        verbose_name = "transient of TNS"
        verbose_name_plural = "transients of TNS"

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """The official name with its prefix."""
        return f"{self.prefix} {self.name}"

    @property
    def internal(self) -> list[str]:
        """The names that surveys gave it."""
        return [name for one in self.internal_names.split(",") if (name := one.strip())]


class TnsName(models.Model):
    """A name by which a transient of the list is found: official without prefix, or a survey's."""

    objid = models.BigIntegerField()
    name_key = models.CharField(max_length=100, db_index=True, help_text="As names of targets are compared.")

    class Meta:
        verbose_name = "name of a transient of TNS"
        verbose_name_plural = "names of transients of TNS"
        constraints = [models.UniqueConstraint(fields=["objid", "name_key"], name="unique_tns_name")]

    def __str__(self) -> str:
        return self.name_key


class TnsListRead(models.Model):
    """A file of the list that was read: up to which day the table is complete."""

    file = models.CharField(max_length=100, unique=True)
    day = models.DateField(help_text="Last day (UTC) whose changes it holds.")
    read_at = models.DateTimeField()
    rows = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0, help_text="Rows that were new, or newer than ours.")
    rejected = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-day", "-read_at")
        verbose_name = "file of the list of TNS"
        verbose_name_plural = "files of the list of TNS"

    def __str__(self) -> str:
        return f"{self.file} ({self.day})"
