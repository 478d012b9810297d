"""URLs of persistent shares; part of ``tom_targets.urls``."""

from django.urls import path

from tom_targets import views
from tom_targets.views.persistent_share_api import PersistentShareViewSet

_ALL = PersistentShareViewSet.as_view({"get": "list", "post": "create"})
_ONE = PersistentShareViewSet.as_view({"get": "retrieve", "delete": "destroy"})

urlpatterns = [
    path("persistentshare/", _ALL, name="persistent-share"),
    path("persistentshare/<int:pk>/", _ONE, name="persistent-share-detail"),
    path(
        "persistentshare/<int:pk>/end/",
        views.PersistentShareEndView.as_view(),
        name="persistent-share-end",
    ),
    path(
        "persistentshare/<int:pk>/retry/",
        views.PersistentShareRetryView.as_view(),
        name="persistent-share-retry",
    ),
    path(
        "persistentshare/manage/",
        views.PersistentShareManageFormView.as_view(),
        name="persistent-share-manage-form",
    ),
    path(
        "persistentshare/manage/table",
        views.PersistentShareManageTable.as_view(),
        name="persistent-share-manage-table",
    ),
    path("<int:target_pk>/persistentshare/", _ALL, name="target-persistent-share"),
    path(
        "<int:target_pk>/persistentshare/manage/",
        views.TargetPersistentShareManageFormView.as_view(),
        name="target-persistent-share-manage-form",
    ),
    path(
        "<int:target_pk>/persistentshare/manage/table",
        views.TargetPersistentShareManageTable.as_view(),
        name="target-persistent-share-manage-table",
    ),
]
