"""Lets a data service write into the log of the job that asks it, if there is one: ``tell_job``."""

from __future__ import annotations

from django.apps import apps


def tell_job(text: str) -> None:
    """Add a line to the log of the job that runs; nothing happens without one, or without ``tom_common``."""
    if apps.is_installed("tom_common"):
        from tom_common.background import current_job

        current_job().log(text)
