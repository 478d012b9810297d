"""URLs of the history of a target; ``tom_targets.urls`` puts them in their place."""

from django.urls import path

from tom_targets.views.history import TargetAsOfView, TargetHistoryView

urlpatterns = [
    path("<int:pk>/history/", TargetHistoryView.as_view(), name="history"),
    path("<int:pk>/as-of/", TargetAsOfView.as_view(), name="as-of"),
]
