"""URLs of tom_dataproducts."""

from django.urls import path

from tom_common.api_router import SharedAPIRootRouter
from tom_dataproducts import api_views, views

app_name = "tom_dataproducts"
urlpatterns = [
    path("data/", views.DataProductListView.as_view(), name="list"),
    path("data/group/create/", views.DataProductGroupCreateView.as_view(), name="group-create"),
    path("data/group/list/", views.DataProductGroupListView.as_view(), name="group-list"),
    path("data/group/add/", views.DataProductGroupDataView.as_view(), name="group-data"),
    path("data/group/<int:pk>/", views.DataProductGroupDetailView.as_view(), name="group-detail"),
    path("data/group/<int:pk>/delete/", views.DataProductGroupDeleteView.as_view(), name="group-delete"),
    path("data/<int:pk>/delete/", views.DataProductDeleteView.as_view(), name="delete"),
    path("data/<int:pk>/feature/", views.DataProductFeatureView.as_view(), name="feature"),
    path("data/<int:pk>/download/", views.download, name="download"),
    path("data/<int:pk>/image.png", views.image, name="image"),
    path("data/<int:pk>/finder.png", views.finder_image, name="finder-image"),
    path("data/<int:dp_pk>/share/", views.DataShareView.as_view(), name="share"),
    path("target/<int:tg_pk>/share/", views.DataShareView.as_view(), name="share_all"),
    path("sharing/<int:pk>/", views.ShareReportView.as_view(), name="share-report"),
    path("target/<int:pk>/photometry/", views.PhotometryTableView.as_view(), name="photometry-table"),
    path("target/<int:pk>/photometry.json", views.photometry_json, name="photometry"),
    path("target/<int:pk>/photometry.csv", views.photometry_csv, name="photometry-csv"),
]

router = SharedAPIRootRouter()
router.register("dataproducts", api_views.DataProductViewSet, "dataproducts")
router.register("reduceddatums", api_views.ReducedDatumViewSet, "reduceddatums")
router.register("lightcurves", api_views.LightCurveViewSet, "lightcurves")
