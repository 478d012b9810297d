"""App configuration of tom_fink."""

from django.apps import AppConfig


class TomFinkConfig(AppConfig):
    """Fink."""

    name = "tom_fink"
    verbose_name = "Fink"
    default = True
    default_auto_field = "django.db.models.BigAutoField"
