"""URLs of tom_observations."""

from django.urls import path

from tom_common.api_router import SharedAPIRootRouter
from tom_observations import api_views, views

app_name = "tom_observations"
urlpatterns = [
    path("list/", views.ObservationListView.as_view(), name="list"),
    path("<int:pk>/", views.ObservationRecordDetailView.as_view(), name="detail"),
    path("visibility/", views.VisibilityView.as_view(), name="visibility"),
    path("visibility/up-tonight/", views.UpTonightView.as_view(), name="up-tonight"),
    path("visibility/table.csv", views.VisibilityCsvView.as_view(), name="visibility-csv"),
    path("visibility/<int:pk>/night.csv", views.NightCsvView.as_view(), name="night-csv"),
]

router = SharedAPIRootRouter()
router.register("sites", api_views.SiteViewSet, "sites")
router.register("visibility", api_views.VisibilityViewSet, "visibility")
