"""App configuration of tom_common."""

from django.apps import AppConfig


class TomCommonConfig(AppConfig):
    """TOM common."""

    name = "tom_common"
    verbose_name = "TOM common"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tom_common import checks  # noqa: F401  registers the system checks
