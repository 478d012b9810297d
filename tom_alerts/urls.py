"""URLs of tom_alerts, below ``/alerts/``."""

from django.apps import apps
from django.urls import URLPattern, path

app_name = "tom_alerts"
urlpatterns: list[URLPattern] = []
if apps.is_installed("tom_dataservices"):  # the ingest below these pages; older projects do not install it
    from tom_alerts import views

    urlpatterns += [
        path("upload/", views.AlertUploadView.as_view(), name="upload"),
        path("rejected/", views.RejectedPacketListView.as_view(), name="rejected"),
        path("rejected/<int:pk>/content/", views.rejected_packet_content, name="rejected-content"),
    ]
