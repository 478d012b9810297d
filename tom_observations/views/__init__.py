"""Pages of tom_observations; the names are public."""

from tom_observations.views.records import ObservationListView, ObservationRecordDetailView
from tom_observations.views.visibility import NightCsvView, UpTonightView, VisibilityCsvView, VisibilityView

__all__ = [
    "NightCsvView",
    "ObservationListView",
    "ObservationRecordDetailView",
    "UpTonightView",
    "VisibilityCsvView",
    "VisibilityView",
]
