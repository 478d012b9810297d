"""App configuration of tom_alerts."""

from typing import Any

from django.apps import AppConfig, apps


class TomAlertsConfig(AppConfig):
    """Alerts."""

    name = "tom_alerts"
    verbose_name = "Alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make brokers known as something that can be queried."""
        if apps.is_installed("tom_dataservices") and apps.is_installed("tom_common"):
            import tom_alerts.providers  # noqa: F401  registers the kind
            from tom_alerts.screening import screen, screen_results
            from tom_dataservices.ingest.screening import register_screen

            register_screen(screen, screen_results)

    def periodic_tasks(self) -> list[dict[str, Any]]:
        """Offer the periodic work of filters."""
        if not apps.is_installed("tom_dataservices"):
            return []
        return [
            {
                "name": "filters",
                "task": "tom_alerts.tasks.act",
                "every_s": 60,
                "title": "What filters do with candidates",
            },
            {
                "name": "old alerts of candidates",
                "task": "tom_alerts.tasks.forget_alerts",
                "every_s": 86_400,
                "title": "Old alerts of candidates",
            },
        ]

    def nav_items(self) -> list[dict[str, Any]]:
        """Offer the entry of the navigation bar."""
        return [{"partial": "tom_alerts/partials/navbar_link.html"}]

    def target_detail_buttons(self) -> list[dict[str, Any]]:
        """Offer the menu by which reports on a target are written."""
        if not apps.is_installed("tom_dataservices"):
            return []
        return [{"partial": "tom_alerts/reports/menu.html", "context": "tom_alerts.reports.buttons.menu"}]
