"""Rows that know the job that works on them, in apps that also boot where tom_common is not installed.

A foreign key would not: its check asks for the app of the job. The key is therefore kept as a number, and a
job that is gone counts as none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db import models

Row = TypeVar("Row", bound="LinksJob")


class LinksJob(models.Model):
    """Gives a model the column ``job_id`` and the attribute ``job``."""

    job_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def job(self) -> Any:
        """The job, None if there is none or it is gone; asked for once."""
        if "_job" not in self.__dict__:
            attach_jobs([self])
        return self.__dict__["_job"]

    @job.setter
    def job(self, job: Any) -> None:
        self.job_id = None if job is None else job.pk
        self.__dict__["_job"] = job


def attach_jobs(rows: Iterable[Row]) -> Sequence[Row]:
    """Return rows that have their jobs, all asked for in one query."""
    from tom_common.models import Job  # has a table: not for projects without tom_common

    rows = list(rows)
    wanted = {row.job_id for row in rows if row.job_id is not None}
    jobs = Job.objects.in_bulk(wanted) if wanted else {}
    for row in rows:
        row.__dict__["_job"] = jobs.get(row.job_id)
    return rows
