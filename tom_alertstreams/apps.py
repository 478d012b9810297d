"""App configuration of tom_alertstreams."""

from django.apps import AppConfig


class TomAlertstreamsConfig(AppConfig):
    """Streams of alerts."""

    name = "tom_alertstreams"
    verbose_name = "Alert streams"
    default_auto_field = "django.db.models.BigAutoField"
