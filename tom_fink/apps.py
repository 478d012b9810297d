"""App configuration of tom_fink."""

from typing import Any

from django.apps import AppConfig, apps


class TomFinkConfig(AppConfig):
    """Fink."""

    name = "tom_fink"
    verbose_name = "Fink"
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def data_services(self) -> list[dict[str, Any]]:
        """Offer Fink under the name that queries of the published module have kept."""
        if not apps.is_installed("tom_alerts"):
            return []
        return [{"class": f"{self.name}.fink.FinkDataService"}]
