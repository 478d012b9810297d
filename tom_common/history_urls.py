"""URLs of the pages of changes; ``tom_common.urls`` puts them in their place."""

from django.urls import path

from tom_common.views import history

history_urlpatterns = [
    path("changes/", history.ChangeListView.as_view(), name="change-list"),
    path("changes/<int:pk>/", history.ChangeSetView.as_view(), name="change-set"),
    path("changes/<int:pk>/revert/", history.RevertView.as_view(), name="change-set-revert"),
]
