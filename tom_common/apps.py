"""App configuration of tom_common."""

from typing import Any

from django.apps import AppConfig


class TomCommonConfig(AppConfig):
    """Users, pages, and every helper that knows no app."""

    name = "tom_common"
    verbose_name = "TOM common"
    default_auto_field = "django.db.models.BigAutoField"

    def periodic_tasks(self) -> list[dict[str, Any]]:
        """Offer the periodic work of this app."""
        task = "tom_common.periodic.tidy"
        return [{"name": "tidy", "task": task, "every_s": 3600, "title": "Tidying up"}]

    def metrics(self) -> list[Any]:
        """Tell programs that watch the TOM about its jobs."""
        from tom_common.metrics import job_metrics

        return job_metrics()

    def ready(self) -> None:
        """Connect what follows a saved user or a first request, and register the system checks."""
        from django.core.signals import request_started

        from tom_common import checks, job_worker, signals  # noqa: F401  importing the checks registers them

        signals.connect()
        request_started.connect(job_worker.on_request_started, dispatch_uid="tom_common.job_worker")
