"""URLs of the searches: one box, regions, cross-match. Included by ``urls``."""

from django.urls import path

from tom_targets.views.search import TargetSearchView, TargetSuggestView

urlpatterns = [
    path("search/", TargetSearchView.as_view(), name="search"),
    path("search/suggest/", TargetSuggestView.as_view(), name="suggest"),
]
