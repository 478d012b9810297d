"""URLs of tom_dataservices, below ``/tom_dataservices/``."""

from django.urls import path

from tom_common.api_router import SharedAPIRootRouter
from tom_dataservices import api_views, views

router = SharedAPIRootRouter()
router.register("classifications", api_views.ClassificationViewSet, "classifications")

app_name = "tom_dataservices"
urlpatterns = [
    path("query/list/", views.DataServiceQueryListView.as_view(), name="query_list"),
    path("query/create/", views.DataServiceQueryCreateView.as_view(), name="create"),
    path("query/<int:pk>/update/", views.DataServiceQueryUpdateView.as_view(), name="update"),
    path("query/<int:pk>/run/", views.RunQueryView.as_view(), name="run_saved"),
    path("query/<int:pk>/copy/", views.DataServiceQueryCopyView.as_view(), name="copy"),
    path("query/<int:pk>/delete/", views.DataServiceQueryDeleteView.as_view(), name="delete"),
    path("query/understood/", views.understood, name="understood"),
    path("query/run/", views.RunQueryView.as_view(), name="run"),
    path("query/create_targets/", views.CreateTargetFromQueryView.as_view(), name="create-target"),
    path("query/update_data/", views.update_data_from_query, name="update-data"),
    path("results/<int:pk>/", views.ResultsPage.as_view(), name="results"),
    path("results/<int:pk>/more/", views.MoreView.as_view(), name="more"),
    path("results/<int:pk>/regions/", views.KeepRegionsView.as_view(), name="keep-regions"),
    path("result/<int:pk>/raw/", views.raw_result, name="raw-result"),
    path("result/<int:pk>/cutout.png", views.result_cutout, name="result-cutout"),
]
