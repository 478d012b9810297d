"""App configuration of tom_dataproducts."""

from django.apps import AppConfig


class TomDataproductsConfig(AppConfig):
    """Data products."""

    name = "tom_dataproducts"
    verbose_name = "Data products"
    default_auto_field = "django.db.models.BigAutoField"
