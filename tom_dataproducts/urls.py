"""URLs of tom_dataproducts."""

from django.urls import path

from tom_common.api_router import SharedAPIRootRouter
from tom_dataproducts import api_exports, api_service_queries, api_views, views
from tom_dataproducts.views import exporting, light_curve

app_name = "tom_dataproducts"
urlpatterns = [
    path("data/", views.DataProductListView.as_view(), name="list"),
    path("data/bulk/download/", views.BulkDownloadView.as_view(), name="bulk-download"),
    path("data/bulk/delete/", views.BulkDeleteView.as_view(), name="bulk-delete"),
    path("data/group/<int:pk>/remove/", views.GroupRemoveView.as_view(), name="group-remove"),
    path("data/group/create/", views.DataProductGroupCreateView.as_view(), name="group-create"),
    path("data/group/list/", views.DataProductGroupListView.as_view(), name="group-list"),
    path("data/group/add/", views.DataProductGroupDataView.as_view(), name="group-data"),
    path("data/group/<int:pk>/", views.DataProductGroupDetailView.as_view(), name="group-detail"),
    path("data/group/<int:pk>/delete/", views.DataProductGroupDeleteView.as_view(), name="group-delete"),
    path("data/upload/", views.DataProductUploadView.as_view(), name="upload"),
    path("data/uploads/", views.DataUploadListView.as_view(), name="uploads"),
    path("data/<int:pk>/", views.DataProductDetailView.as_view(), name="detail"),
    path("data/<int:pk>/process/", views.DataProductProcessView.as_view(), name="process"),
    path("data/<int:pk>/report/", views.DataProductReportView.as_view(), name="report"),
    path(
        "data/single_target_data_service/<str:service>/query/",
        views.SingleTargetDataServiceQueryView.as_view(),
        name="single-target-data-service-query",
    ),
    path("queries/", views.ServiceQueryListView.as_view(), name="service-query-list"),
    path("queries/<int:pk>/", views.ServiceQueryView.as_view(), name="service-query"),
    path("queries/<int:pk>/status/", views.ServiceQueryStatusView.as_view(), name="service-query-status"),
    path("queries/<int:pk>/retry/", views.ServiceQueryRetryView.as_view(), name="service-query-retry"),
    path("queries/<int:pk>/cancel/", views.ServiceQueryCancelView.as_view(), name="service-query-cancel"),
    path("services/", views.DataServiceListView.as_view(), name="data-service-list"),
    path("services/<str:service>/key/", views.DataServiceKeyView.as_view(), name="data-service-key"),
    path("data/<int:pk>/delete/", views.DataProductDeleteView.as_view(), name="delete"),
    path("data/<int:pk>/feature/", views.DataProductFeatureView.as_view(), name="feature"),
    path("data/<int:pk>/download/", views.download, name="download"),
    path("data/<int:pk>/image.png", views.image, name="image"),
    path("data/<int:pk>/spectrum/", views.SpectrumPageView.as_view(), name="spectrum"),
    path("data/<int:pk>/fits/", views.FitsPageView.as_view(), name="fits"),
    path("data/<int:pk>/fits/again/", views.FitsReadAgainView.as_view(), name="fits-again"),
    path("data/<int:pk>/fits/<int:number>/view.json", views.fits_view, name="fits-view"),
    path("data/<int:pk>/fits/<int:number>/preview.f32", views.fits_preview, name="fits-preview"),
    path("data/<int:pk>/fits/<int:number>/tile.f32", views.fits_tile, name="fits-tile"),
    path("data/<int:pk>/fits/<int:number>/picture.png", views.fits_picture, name="fits-picture"),
    path("data/<int:pk>/thumbnail.png", views.thumbnail, name="thumbnail"),
    path("data/<int:pk>/finder.png", views.finder_image, name="finder-image"),
    path("data/<int:dp_pk>/share/", views.DataShareView.as_view(), name="share"),
    path("target/<int:tg_pk>/share/", views.DataShareView.as_view(), name="share_all"),
    path("sharing/<int:pk>/", views.ShareReportView.as_view(), name="share-report"),
    path("target/<int:pk>/photometry/", views.PhotometryTableView.as_view(), name="photometry-table"),
    path("target/<int:pk>/photometry.json", views.photometry_json, name="photometry"),
    path("target/<int:pk>/spectra.json", views.spectra, name="spectra"),
    path("target/<int:pk>/photometry.csv", views.photometry_csv, name="photometry-csv"),
    path("target/<int:pk>/photometry/about.json", light_curve.AboutView.as_view(), name="photometry-about"),
    path("target/<int:pk>/photometry/notes/", light_curve.NotesView.as_view(), name="point-notes"),
    path(
        "target/<int:pk>/photometry/notes/<int:note_pk>/delete/",
        light_curve.NoteDeleteView.as_view(),
        name="point-note-delete",
    ),
    path("target/<int:pk>/photometry/periods/", light_curve.PeriodsView.as_view(), name="periods"),
    path("target/<int:pk>/photometry/dust/", light_curve.DustView.as_view(), name="dust"),
    path("target/<int:pk>/export/", exporting.TargetDataExportView.as_view(), name="target-export"),
    path("data/export/", exporting.DataExportView.as_view(), name="export"),
    path("photometry/corrections.json", light_curve.corrections_json, name="corrections"),
]

router = SharedAPIRootRouter()
router.register("dataproducts", api_views.DataProductViewSet, "dataproducts")
router.register("reduceddatums", api_views.ReducedDatumViewSet, "reduceddatums")
router.register("lightcurves", api_views.LightCurveViewSet, "lightcurves")
router.register("exports", api_exports.ExportViewSet, "exports")
router.register("servicequeries", api_service_queries.ServiceQueryViewSet, "servicequeries")
