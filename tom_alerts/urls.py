"""URLs of tom_alerts, below ``/alerts/``."""

from django.urls import path

from tom_alerts import views

app_name = "tom_alerts"
urlpatterns = [
    path("upload/", views.AlertUploadView.as_view(), name="upload"),
    path("rejected/", views.RejectedPacketListView.as_view(), name="rejected"),
    path("rejected/<int:pk>/content/", views.rejected_packet_content, name="rejected-content"),
]
