"""URLs of tom_alerts, below ``/alerts/``."""

from django.apps import apps
from django.urls import URLPattern, path

app_name = "tom_alerts"
urlpatterns: list[URLPattern] = []
if apps.is_installed("tom_dataservices"):  # the ingest below these pages; older projects do not install it
    from tom_alerts import views

    urlpatterns += [
        path("query/list/", views.BrokerQueryListView.as_view(), name="list"),
        path("query/create/", views.BrokerQueryCreateView.as_view(), name="create"),
        path("query/<int:pk>/update/", views.BrokerQueryUpdateView.as_view(), name="update"),
        path("query/<int:pk>/run/", views.RunQueryView.as_view(), name="run"),
        path("query/<int:pk>/copy/", views.BrokerQueryCopyView.as_view(), name="copy"),
        path("query/<int:pk>/delete/", views.BrokerQueryDeleteView.as_view(), name="delete"),
        path("alert/create/", views.CreateTargetFromAlertView.as_view(), name="create-target"),
        path("<str:broker>/submit/", views.SubmitAlertUpstreamView.as_view(), name="submit-alert"),
        path("reports/", views.ReportListView.as_view(), name="reports"),
        path("reports/new/<str:kind>/<int:target_pk>/", views.ReportFormView.as_view(), name="report-new"),
        path("reports/<int:pk>/", views.ReportView.as_view(), name="report"),
        path("reports/<int:pk>/edit/", views.ReportFormView.as_view(), name="report-edit"),
        path("reports/<int:pk>/<slug:action>/", views.ReportActionView.as_view(), name="report-action"),
        path("upload/", views.AlertUploadView.as_view(), name="upload"),
        path("rejected/", views.RejectedPacketListView.as_view(), name="rejected"),
        path("rejected/<int:pk>/content/", views.rejected_packet_content, name="rejected-content"),
    ]
