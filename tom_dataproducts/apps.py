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
            from tom_common.job_signals import job_ended
            from tom_dataproducts import history, persistent_sharing
            from tom_dataproducts.fits_images.services import thumbnail_now
            from tom_dataproducts.models.summary import photometry_written
            from tom_dataproducts.signals import thumbnail_asked_for, thumbnail_wanted
            from tom_dataproducts.single_target_data_service import registry  # noqa: F401  checked
            from tom_dataproducts.single_target_data_service.job_ends import on_job_ended
            from tom_dataproducts.summaries import after_rows_moved, current_summaries
            from tom_dataproducts.tasks import refresh_soon, thumbnail_soon
            from tom_targets.ports import register_current_summaries
            from tom_targets.signals import target_rows_moved

            history.register()
            register_current_summaries(current_summaries)
            photometry_written.connect(refresh_soon, dispatch_uid="tom_dataproducts.refresh_soon")
            thumbnail_wanted.connect(thumbnail_soon, dispatch_uid="tom_dataproducts.thumbnail_soon")
            thumbnail_asked_for.connect(thumbnail_now, dispatch_uid="tom_dataproducts.thumbnail_now")
            persistent_sharing.connect()
            job_ended.connect(on_job_ended, dispatch_uid="tom_dataproducts.on_job_ended")
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
                "id": "spectroscopy",
                "label": "Spectra",
                "partial": f"{partials}/spectra.html",
                "context": f"{contexts}.spectra",
                "styles": f"{partials}/spectra_styles.html",
                "scripts": f"{partials}/spectra_scripts.html",
                "order": 15,
                "lazy": True,
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
                "id": "data-services",
                "label": "Survey services",
                "partial": f"{partials}/section_data_services.html",
                "context": "tom_dataproducts.single_target_data_service.overview.target_section",
                "order": 45,
                "lazy": True,
            },
            {
                "id": "manage-data",
                "label": "Files",
                "partial": f"{partials}/section_files.html",
                "context": f"{contexts}.files",
                "styles": f"{partials}/upload_styles.html",
                "scripts": f"{partials}/upload_scripts.html",
                "order": 50,
                "lazy": True,
            },
        ]

    def observation_record_sections(self):
        """Offer files, and the form that brings them, to the page of an observation record."""
        return [
            {
                "label": "Files",
                "partial": "tom_dataproducts/partials/section_record_files.html",
                "context": "tom_dataproducts.section_contexts.record_files",
                "order": 10,
            }
        ]

    def periodic_tasks(self):
        """Offer the periodic work of this app."""
        tasks = "tom_dataproducts.tasks"
        return [
            {
                "name": "check storage",
                "task": f"{tasks}.check_stored_files",
                "every_s": 86400,
                "title": "Check of the storage",
            },
            {
                "name": "deleted files",
                "task": f"{tasks}.purge_deleted_files",
                "every_s": 86400,
                "title": "Emptying of the trash",
            },
            {
                "name": "summaries",
                "task": f"{tasks}.refresh_light_curves",
                "every_s": 3600,
                "title": "Summaries of light curves",
            },
        ]

    def health_items(self):
        """Offer what the last check of the storage found to the health page."""
        from tom_dataproducts.storage_health import storage_facts

        return storage_facts()

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
