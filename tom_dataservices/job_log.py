"""Tells a data service of the job that asks it, if there is one; a project may be without ``tom_common``."""

from __future__ import annotations

from typing import Any

from django.apps import apps


class _NoJob:
    """Stands for the job where there is no ``tom_common``."""

    pk = None

    def __init__(self) -> None:
        self.memory: dict[str, Any] = {}

    def check_cancelled(self) -> None:
        """Do nothing: nobody cancels it."""


def asking_job() -> Any:
    """Return the job that runs, as ``tom_common.background.current_job`` does."""
    if not apps.is_installed("tom_common"):
        return _NoJob()
    from tom_common.job_context import current_job

    return current_job()


def holds_turn() -> bool:
    """Tell whether the job that runs holds a turn, and shall not wait asleep."""
    if not apps.is_installed("tom_common"):
        return False
    from tom_common import turns

    return turns.holds_turn()


def tell_job(text: str) -> None:
    """Add a line to the log of the job that runs; nothing happens without one, or without ``tom_common``."""
    if apps.is_installed("tom_common"):
        from tom_common.background import current_job

        current_job().log(text)
