"""Views of tom_alerts."""

from tom_alerts.views.upload import AlertUploadView, RejectedPacketListView, rejected_packet_content

__all__ = ["AlertUploadView", "RejectedPacketListView", "rejected_packet_content"]
