"""App configuration of tom_observations."""

from django.apps import AppConfig


class TomObservationsConfig(AppConfig):
    """Observations."""

    name = "tom_observations"
    verbose_name = "Observations"
    default_auto_field = "django.db.models.BigAutoField"
