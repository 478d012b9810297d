"""URLs of import and export; part of ``urls``."""

from django.urls import path

from tom_targets.views import exporting, importing

urlpatterns = [
    path("import/", importing.TargetImportView.as_view(), name="import"),
    path("import/<int:pk>/", importing.TargetImportPreviewView.as_view(), name="import-preview"),
    path("import/<int:pk>/report/", importing.TargetImportReportView.as_view(), name="import-report"),
    path("import/<int:pk>/delete/", importing.TargetImportDeleteView.as_view(), name="import-delete"),
    path("export/", exporting.TargetExportView.as_view(), name="export"),
]
