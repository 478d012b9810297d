"""App configuration of tom_catalogs."""

from typing import Any

from django.apps import AppConfig, apps


class TomCatalogsConfig(AppConfig):
    """Catalogues."""

    name = "tom_catalogs"
    verbose_name = "Catalogues"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make catalogues known as something that can be queried."""
        if apps.is_installed("tom_dataservices") and apps.is_installed("tom_common"):
            import tom_catalogs.providers  # noqa: F401  registers the kind
            from tom_catalogs.completion import keep_sources_of_form
            from tom_targets.signals import target_added

            target_added.connect(keep_sources_of_form, dispatch_uid="tom_catalogs.completion")

    def periodic_tasks(self) -> list[dict[str, Any]]:
        """Offer the work that throws old lookups away."""
        if not apps.is_installed("tom_dataservices"):
            return []
        return [
            {
                "name": "old catalogue lookups",
                "task": "tom_catalogs.tasks.tidy_lookups",
                "every_s": 86_400,
                "title": "Old lookups in catalogues",
            }
        ]

    def harvester_classes(self) -> list[str]:
        """Offer the catalogues that come with the TOM."""
        path = "tom_catalogs.harvesters"
        return [
            f"{path}.simbad.SimbadHarvester",
            f"{path}.ned.NEDHarvester",
            f"{path}.sesame.SesameHarvester",
            f"{path}.tns.TNSHarvester",
            f"{path}.jplsbdb.JPLSBDBHarvester",
            f"{path}.mpc.MPCExplorerHarvester",
            f"{path}.jplhorizons.JPLHorizonsHarvester",
            f"{path}.scout.ScoutHarvester",
            f"{path}.gaia.GaiaHarvester",
            f"{path}.vizier.VizierHarvester",
        ]

    def nav_items(self) -> list[dict[str, Any]]:
        """Offer the entry of the navigation bar."""
        return [{"partial": "tom_catalogs/partials/navbar_link.html"}]

    def target_detail_sections(self) -> list[dict[str, Any]]:
        """Offer the section that tells whose a target's values are, and leads to more of them."""
        if not apps.is_installed("tom_dataservices"):
            return []
        return [
            {
                "id": "catalogue-values",
                "label": "From catalogues",
                "partial": "tom_catalogs/partials/section_sources.html",
                "context": "tom_catalogs.sections.sources",
                "order": 32,
                "lazy": True,
            }
        ]
