"""App configuration of tom_alertstreams."""

from typing import Any

from django.apps import AppConfig, apps
from django.urls import include, path


class TomAlertstreamsConfig(AppConfig):
    """Streams of alerts."""

    name = "tom_alertstreams"
    verbose_name = "Alert streams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from tom_alertstreams import checks  # noqa: F401  importing the checks registers them

    def include_url_paths(self) -> list[Any]:
        """Offer the pages of streams; a project without our other apps reads streams without them."""
        if not apps.is_installed("tom_dataservices"):
            return []
        return [path("alertstreams/", include("tom_alertstreams.urls", namespace="alertstreams"))]

    def nav_items(self) -> list[dict[str, Any]]:
        """Offer the entry of the navigation bar."""
        return [{"partial": "tom_alertstreams/partials/navbar_link.html"}]

    def health_items(self) -> list[dict[str, Any]]:
        """Tell the health page how the streams do."""
        from tom_alertstreams.figures import health_items

        return health_items()

    def metrics(self) -> list[Any]:
        """Tell programs that watch the TOM how the streams do."""
        from tom_alertstreams.figures import metrics

        return metrics()
