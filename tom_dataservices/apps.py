"""App configuration of tom_dataservices."""

from typing import Any

from django.apps import AppConfig


class TomDataservicesConfig(AppConfig):
    """Data services."""

    name = "tom_dataservices"
    verbose_name = "Data services"
    default_auto_field = "django.db.models.BigAutoField"

    def periodic_tasks(self) -> list[dict[str, Any]]:
        """Offer the periodic work of queries."""
        path = "tom_dataservices.periodic"
        return [
            {
                "name": "queries",
                "task": f"{path}.run_due_queries",
                "every_s": 60,
                "title": "Queries that run by themselves",
            },
            {
                "name": "old query results",
                "task": f"{path}.tidy_queries",
                "every_s": 86_400,
                "title": "Old results of queries",
            },
            {
                "name": "lists of services",
                "task": f"{path}.read_service_choices",
                "every_s": 3600,
                "title": "Lists of classes of the brokers",
            },
            {
                "name": "daily list of TNS",
                "task": "tom_dataservices.tns_tasks.read_tns_list",
                "every_s": 4 * 3600,
                "title": "Daily list of TNS, where the settings ask for it",
            },
        ]

    def data_services(self) -> list[dict[str, str]]:
        """Offer the catalogues and brokers that come with the TOM."""
        path = "tom_dataservices.data_services"
        catalogues = ("Simbad", "Ned", "Sesame", "Sbdb", "Mpc", "Horizons", "Vizier", "Gaia")
        brokers = (
            "fink.FinkZtfService",
            "fink.FinkLsstService",
            "alerce.AlerceZtfService",
            "alerce.AlerceLsstService",
            "lasair.LasairLsstService",
            "lasair.LasairZtfService",
            "antares.AntaresService",
            "tns.TnsService",
            "babamul.BabamulService",
            "hermes.HermesService",
            "scout.ScoutService",
            "gaia_alerts.GaiaAlertsService",
            "gracedb.GraceDbService",
        )
        return [
            *({"class": f"{path}.catalogues.{name}DataService"} for name in catalogues),
            *({"class": f"{path}.{name}"} for name in brokers),
        ]

    def target_detail_sections(self) -> list[dict[str, Any]]:
        """Offer what brokers take a target for to its page."""
        return [
            {
                "id": "classifications",
                "label": "Classifications of brokers",
                "partial": "tom_dataservices/partials/section_classifications.html",
                "context": "tom_dataservices.section_contexts.classifications",
                "order": 31,
                "lazy": True,
            }
        ]

    def storage_folders(self) -> list[str]:
        """Name the folder of files that wait to be read, and that no row knows."""
        from tom_dataservices.uploads import FOLDER

        return [FOLDER]

    def nav_items(self) -> list[dict[str, Any]]:
        """Offer the entry of the navigation bar."""
        return [{"partial": "tom_dataservices/partials/navbar_list.html"}]
