"""URLs of tom_targets."""

from django.urls import path

from tom_common.api_router import SharedAPIRootRouter
from tom_targets import api_views, follow_urls, history_urls, search_urls, sharing_urls, transfer_urls, views

app_name = "tom_targets"
urlpatterns = [
    *search_urls.urlpatterns,
    *follow_urls.urlpatterns,
    *transfer_urls.urlpatterns,
    path("", views.TargetListView.as_view(), name="list"),
    path("columns/", views.TargetColumnsView.as_view(), name="columns"),
    path("sky/", views.TargetSkyView.as_view(), name="sky"),
    path("sky/data/", views.TargetSkyDataView.as_view(), name="sky-data"),
    path("create/", views.TargetCreateView.as_view(), name="create"),
    path("position/", views.UnderstoodPositionView.as_view(), name="understood-position"),
    path("bulk/access/", views.BulkAccessView.as_view(), name="bulk-access"),
    path("bulk/delete/", views.BulkDeleteView.as_view(), name="bulk-delete"),
    path("merge/", views.TargetMergeView.as_view(), name="merge-selected"),
    path("merge/<int:pk1>/<int:pk2>", views.TargetMergeView.as_view(), name="merge"),
    path("trash/", views.TrashView.as_view(), name="trash"),
    path("trash/<int:pk>/restore/", views.TargetRestoreView.as_view(), name="restore"),
    path("targetgrouping/", views.TargetGroupingView.as_view(), name="targetgrouping"),
    path("targetgrouping/create/", views.TargetGroupingCreateView.as_view(), name="create-group"),
    path("targetgrouping/<int:pk>/delete/", views.TargetGroupingDeleteView.as_view(), name="delete-group"),
    path("targetgrouping/<int:pk>/share/", views.TargetGroupingShareView.as_view(), name="share-group"),
    path("add-remove-grouping/", views.TargetAddRemoveGroupingView.as_view(), name="add-remove-grouping"),
    path("name/<path:name>", views.TargetNameSearchView.as_view(), name="name-search"),
    path("<int:pk>/", views.TargetDetailView.as_view(), name="detail"),
    path("<int:pk>/update/", views.TargetUpdateView.as_view(), name="update"),
    path("<int:pk>/delete/", views.TargetDeleteView.as_view(), name="delete"),
    *history_urls.urlpatterns,
    path("<int:pk>/access/", views.TargetAccessView.as_view(), name="access"),
    path("<int:pk>/share/", views.TargetShareView.as_view(), name="share"),
    *sharing_urls.urlpatterns,
    path("<int:pk>/finder/", views.TargetFinderView.as_view(), name="finder"),
    path("<int:pk>/imagery/", views.TargetImageryView.as_view(), name="imagery"),
    path("<int:pk>/section/<slug:section_id>/", views.TargetSectionView.as_view(), name="section"),
]

router = SharedAPIRootRouter()
router.register("targets", api_views.TargetViewSet, "targets")
router.register("targetextra", api_views.TargetExtraViewSet, "targetextra")
router.register("targetname", api_views.TargetNameViewSet, "targetname")
router.register("targetlist", api_views.TargetListViewSet, "targetlist")
