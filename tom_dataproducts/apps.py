"""App configuration of tom_dataproducts."""

from django.apps import AppConfig, apps


class TomDataproductsConfig(AppConfig):
    """Data products."""

    name = "tom_dataproducts"
    verbose_name = "Data products"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        """Give files and measurements a history; let photometry reach the summaries soon."""
        if apps.is_installed("tom_common"):
            from tom_dataproducts import history, persistent_sharing
            from tom_dataproducts.models.summary import photometry_written
            from tom_dataproducts.summaries import after_rows_moved
            from tom_dataproducts.tasks import refresh_soon
            from tom_targets.signals import target_rows_moved

            history.register()
            photometry_written.connect(refresh_soon, dispatch_uid="tom_dataproducts.refresh_soon")
            persistent_sharing.connect()
            target_rows_moved.connect(after_rows_moved, dispatch_uid="tom_dataproducts.after_rows_moved")

    def target_detail_sections(self):
        """Offer light curve, cutouts and files to the page of a target."""
        contexts = "tom_dataproducts.section_contexts"
        partials = "tom_dataproducts/partials"
        return [
            {
                "id": "photometry",
                "label": "Light curve",
                "partial": f"{partials}/light_curve.html",
                "context": f"{contexts}.photometry",
                "styles": f"{partials}/light_curve_styles.html",
                "scripts": f"{partials}/light_curve_scripts.html",
                "order": 10,
                "lazy": False,
            },
            {
                "id": "cutouts",
                "label": "Cutouts",
                "partial": f"{partials}/section_cutouts.html",
                "context": f"{contexts}.cutouts",
                "order": 20,
                "lazy": False,
            },
            {
                "id": "manage-data",
                "label": "Files",
                "partial": f"{partials}/dataproduct_list_for_target.html",
                "context": f"{contexts}.files",
                "order": 50,
                "lazy": True,
            },
        ]

    def finder_backgrounds(self):
        """Offer images of a target that have celestial coordinates as backgrounds of its finder chart."""
        return ["tom_dataproducts.finder.backgrounds"]

    def permission_notes(self):
        """Say in words what the permissions for all files allow, for the page of a group.

        Those on files and measurements count only where these have grants of their own; else the target
        decides.
        """
        from tom_dataproducts.permissions import rows_have_own_permissions

        notes = [
            ("tom_dataproducts.view_dataproductgroup", "See every group of files."),
            ("tom_dataproducts.change_dataproductgroup", "Change every group of files."),
            ("tom_dataproducts.delete_dataproductgroup", "Delete every group of files."),
        ]
        if rows_have_own_permissions():
            notes += [
                ("tom_dataproducts.view_dataproduct", "See every file of the targets that they see."),
                ("tom_dataproducts.change_dataproduct", "Change every file of the targets that they see."),
                ("tom_dataproducts.delete_dataproduct", "Delete every file of the targets that they see."),
                ("tom_dataproducts.view_reduceddatum", "See every measurement of the targets that they see."),
            ]
        return notes

    def home_sections(self):
        """Offer new data and the brightest targets to the home page."""
        return [
            {
                "partial": "tom_dataproducts/partials/home_new_data.html",
                "context": "tom_dataproducts.home.new_data",
                "order": 0,
            },
            {
                "partial": "tom_dataproducts/partials/home_brightest.html",
                "context": "tom_dataproducts.home.brightest",
                "order": 5,
            },
        ]
