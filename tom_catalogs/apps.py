"""App configuration of tom_catalogs."""

from django.apps import AppConfig


class TomCatalogsConfig(AppConfig):
    """Catalogues."""

    name = "tom_catalogs"
    verbose_name = "Catalogues"
    default_auto_field = "django.db.models.BigAutoField"
