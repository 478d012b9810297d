"""App configuration of tom_alerts."""

from typing import Any

from django.apps import AppConfig


class TomAlertsConfig(AppConfig):
    """Alerts."""

    name = "tom_alerts"
    verbose_name = "Alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def nav_items(self) -> list[dict[str, Any]]:
        """Offer the entry of the navigation bar."""
        return [{"partial": "tom_alerts/partials/navbar_link.html"}]
