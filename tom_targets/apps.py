"""App configuration of tom_targets."""

from django.apps import AppConfig


class TomTargetsConfig(AppConfig):
    """Targets."""

    name = "tom_targets"
    verbose_name = "Targets"
    default_auto_field = "django.db.models.BigAutoField"
