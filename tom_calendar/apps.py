"""App configuration of tom_calendar."""

from django.apps import AppConfig


class TomCalendarConfig(AppConfig):
    """Calendar."""

    name = "tom_calendar"
    verbose_name = "Calendar"
    default_auto_field = "django.db.models.BigAutoField"
