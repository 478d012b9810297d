"""App configuration of tom_observations."""

from django.apps import AppConfig


class TomObservationsConfig(AppConfig):
    """Observations."""

    name = "tom_observations"
    verbose_name = "Observations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        """Tell tom_targets from where one observes."""
        from tom_observations.desk import Desk
        from tom_targets.ports import register_observing_desk

        register_observing_desk(Desk())

    def nav_items(self):
        """Offer the entry of the navigation bar."""
        return [{"partial": "tom_observations/partials/navbar_link.html"}]

    def home_sections(self):
        """Offer to the home page what is up tonight of the targets that one follows."""
        return [
            {
                "partial": "tom_observations/partials/home_up_tonight.html",
                "context": "tom_observations.home.up_tonight",
                "order": 2,
            }
        ]

    def target_detail_sections(self):
        """Offer visibility and observation records of a target to its page."""
        return [
            {
                "id": "tonight",
                "label": "Tonight",
                "partial": "tom_observations/partials/section_tonight.html",
                "context": "tom_observations.section_contexts.tonight",
                "styles": "tom_observations/partials/styles.html",
                "order": 25,
                "lazy": True,
                "height": "tom-tonight-room",
            },
            {
                "id": "observations",
                "label": "Observations",
                "partial": "tom_observations/partials/section_observations.html",
                "context": "tom_observations.section_contexts.observations",
                "order": 30,
                "lazy": True,
            },
        ]
