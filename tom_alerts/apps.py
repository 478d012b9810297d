"""App configuration of tom_alerts."""

from django.apps import AppConfig


class TomAlertsConfig(AppConfig):
    """Alerts."""

    name = "tom_alerts"
    verbose_name = "Alerts"
    default_auto_field = "django.db.models.BigAutoField"
