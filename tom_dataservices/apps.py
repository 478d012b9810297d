"""App configuration of tom_dataservices."""

from django.apps import AppConfig


class TomDataservicesConfig(AppConfig):
    """Data services."""

    name = "tom_dataservices"
    verbose_name = "Data services"
    default_auto_field = "django.db.models.BigAutoField"
