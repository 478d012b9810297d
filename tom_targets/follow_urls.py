"""URLs of stars and status words; part of ``urls.py``."""

from django.urls import path

from tom_targets.views import follow

urlpatterns = [
    path("<int:pk>/favourite/", follow.TargetFavouriteView.as_view(), name="favourite"),
    path("<int:pk>/status/", follow.TargetStatusView.as_view(), name="status"),
    path("bulk/favourite/", follow.BulkFavouriteView.as_view(), name="bulk-favourite"),
    path("bulk/status/", follow.BulkStatusView.as_view(), name="bulk-status"),
]
