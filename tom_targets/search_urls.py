"""URLs of the searches: one box, regions, cross-match. Included by ``urls``."""

from django.urls import path

from tom_common.api_router import SharedAPIRootRouter
from tom_targets.api_cross_match import CrossMatchViewSet
from tom_targets.views import cross_match, search

urlpatterns = [
    path("search/", search.TargetSearchView.as_view(), name="search"),
    path("search/suggest/", search.TargetSuggestView.as_view(), name="suggest"),
    path("cross-match/", cross_match.CrossMatchListView.as_view(), name="cross-matches"),
    path("cross-match/<int:pk>/", cross_match.CrossMatchView.as_view(), name="cross-match"),
    path("cross-match/<int:pk>/csv/", cross_match.CrossMatchFileView.as_view(), name="cross-match-csv"),
    path(
        "cross-match/<int:pk>/delete/", cross_match.CrossMatchDeleteView.as_view(), name="cross-match-delete"
    ),
    path("regions/", cross_match.RegionView.as_view(), name="regions"),
    path("regions/<int:pk>/delete/", cross_match.RegionDeleteView.as_view(), name="region-delete"),
]

router = SharedAPIRootRouter()
router.register("crossmatch", CrossMatchViewSet, "crossmatch")
