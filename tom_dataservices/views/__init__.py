"""Views of tom_dataservices."""

from tom_dataservices.views.data_services import (
    CreateTargetFromQueryView,
    DataServiceQueryCopyView,
    DataServiceQueryCreateView,
    DataServiceQueryDeleteView,
    DataServiceQueryListView,
    DataServiceQueryUpdateView,
    RunQueryView,
    understood,
    update_data_from_query,
)
from tom_dataservices.views.found_pages import MoreView, ResultsPage, raw_result, result_cutout
from tom_dataservices.views.regions import KeepRegionsView

__all__ = [
    "CreateTargetFromQueryView",
    "DataServiceQueryCopyView",
    "DataServiceQueryCreateView",
    "DataServiceQueryDeleteView",
    "DataServiceQueryListView",
    "DataServiceQueryUpdateView",
    "KeepRegionsView",
    "MoreView",
    "ResultsPage",
    "RunQueryView",
    "raw_result",
    "result_cutout",
    "understood",
    "update_data_from_query",
]
