"""App configuration of tom_targets."""

from django.apps import AppConfig, apps


class TomTargetsConfig(AppConfig):
    """Targets."""

    name = "tom_targets"
    verbose_name = "Targets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        """Give targets a history, say who may see comments on them, let new users join the group Public."""
        from django.conf import settings
        from django.db.models.signals import post_migrate, post_save

        from tom_common.contributions import register_comment_access
        from tom_targets import history
        from tom_targets.models import BaseTarget, Target
        from tom_targets.name_index import ensure_name_index
        from tom_targets.public_group import join_public_group
        from tom_targets.selectors import visible_targets

        if apps.is_installed("tom_common"):  # which has the tables
            history.register()
        for model in {BaseTarget, Target}:
            register_comment_access(model._meta.label, visible_targets)
        post_migrate.connect(ensure_name_index, sender=self, dispatch_uid="tom_targets.name_index")
        post_save.connect(
            join_public_group, sender=settings.AUTH_USER_MODEL, dispatch_uid="tom_targets.public"
        )

    def target_detail_sections(self):
        """Offer our own sections of a target's page."""
        contexts = "tom_targets.section_contexts"
        partials = "tom_targets/partials"
        return [
            {
                "id": "position",
                "label": "Position at",
                "partial": f"{partials}/section_position.html",
                "context": f"{contexts}.position",
                "order": 27,
                "lazy": True,
            },
            {
                "id": "extras",
                "label": "Classifications and tags",
                "partial": f"{partials}/section_extras.html",
                "context": f"{contexts}.extras",
                "order": 30,
                "lazy": False,
            },
            {
                "id": "sky",
                "label": "Sky and finder chart",
                "partial": f"{partials}/aladin_finderchart.html",
                "context": f"{contexts}.sky",
                "order": 28,
                "lazy": False,
            },
            {
                "id": "near",
                "label": "Near it",
                "partial": f"{partials}/section_near.html",
                "context": "tom_targets.neighbours.near",
                "order": 58,
                "lazy": True,
            },
            {
                "id": "manage-groups",
                "label": "Lists",
                "partial": f"{partials}/target_groups.html",
                "context": f"{contexts}.lists",
                "order": 60,
                "lazy": False,
            },
            {
                "id": "notes",
                "label": "Notes",
                "partial": f"{partials}/section_notes.html",
                "context": f"{contexts}.notes",
                "order": 70,
                "lazy": False,
            },
            {
                "id": "history",
                "label": "History",
                "partial": f"{partials}/section_history.html",
                "context": "tom_targets.history_page.section",
                "styles": "tom_common/history/partials/styles.html",
                "order": 75,
                "lazy": True,
            },
            {
                "id": "access",
                "label": "Who may see and edit it",
                "partial": f"{partials}/section_access.html",
                "context": f"{contexts}.access",
                "order": 80,
                "lazy": False,
            },
        ]

    def home_sections(self):
        """Offer the newest targets to the home page."""
        return [
            {
                "partial": "tom_targets/partials/home_newest.html",
                "context": "tom_targets.home.newest",
                "order": 10,
            }
        ]

    def permission_notes(self):
        """Say in words what the permissions for all targets allow, for the page of a group."""
        from tom_targets.models import get_target_model_app_label

        label = get_target_model_app_label()
        return [
            (f"{label}.add_target", "Create targets."),
            (f"{label}.change_target", "Edit every target, private ones too."),
            (f"{label}.delete_target", "Delete every target."),
            ("tom_targets.view_targetlist", "See every target list."),
            ("tom_targets.change_targetlist", "Put targets on every list and take them off."),
            ("tom_targets.delete_targetlist", "Delete every target list."),
        ]
