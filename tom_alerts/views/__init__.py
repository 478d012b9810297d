"""Views of tom_alerts."""

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
from tom_alerts.views.upload import AlertUploadView, RejectedPacketListView, rejected_packet_content

__all__ = [
    "AlertUploadView",
    "BrokerQueryCopyView",
    "BrokerQueryCreateView",
    "BrokerQueryDeleteView",
    "BrokerQueryFilter",
    "BrokerQueryListView",
    "BrokerQueryUpdateView",
    "CreateTargetFromAlertView",
    "RejectedPacketListView",
    "ReportActionView",
    "ReportFormView",
    "ReportListView",
    "ReportView",
    "RunQueryView",
    "SubmitAlertUpstreamView",
    "rejected_packet_content",
]
