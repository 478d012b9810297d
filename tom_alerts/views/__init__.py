"""Views of tom_alerts."""

from tom_alerts.views.filters import (
    ExpressionView,
    FilterActionView,
    FilterChoicesView,
    FilterFormView,
    FilterListView,
    FilterView,
)
from tom_alerts.views.queries import (
    BrokerQueryCopyView,
    BrokerQueryCreateView,
    BrokerQueryDeleteView,
    BrokerQueryFilter,
    BrokerQueryListView,
    BrokerQueryUpdateView,
    CreateTargetFromAlertView,
    RunQueryView,
)
from tom_alerts.views.reports import ReportActionView, ReportFormView, ReportListView, ReportView
from tom_alerts.views.submission import SubmitAlertUpstreamView
from tom_alerts.views.triage import (
    CardView,
    DecideView,
    TriageView,
    UndoView,
    candidate_image,
    candidate_photometry,
)
from tom_alerts.views.updates import ListUpdateView
from tom_alerts.views.upload import AlertUploadView, RejectedPacketListView, rejected_packet_content
from tom_alerts.views.watchlists import WatchlistFormView, WatchlistListView

__all__ = [
    "AlertUploadView",
    "BrokerQueryCopyView",
    "BrokerQueryCreateView",
    "BrokerQueryDeleteView",
    "BrokerQueryFilter",
    "BrokerQueryListView",
    "BrokerQueryUpdateView",
    "CardView",
    "CreateTargetFromAlertView",
    "DecideView",
    "ExpressionView",
    "FilterActionView",
    "FilterChoicesView",
    "FilterFormView",
    "FilterListView",
    "FilterView",
    "ListUpdateView",
    "RejectedPacketListView",
    "ReportActionView",
    "ReportFormView",
    "ReportListView",
    "ReportView",
    "RunQueryView",
    "SubmitAlertUpstreamView",
    "TriageView",
    "UndoView",
    "WatchlistFormView",
    "WatchlistListView",
    "candidate_image",
    "candidate_photometry",
    "rejected_packet_content",
]
