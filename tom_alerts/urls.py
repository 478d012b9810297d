"""URLs of tom_alerts, below ``/alerts/``."""

from django.apps import apps
from django.urls import URLPattern, path

app_name = "tom_alerts"
urlpatterns: list[URLPattern] = []
if apps.is_installed("tom_dataservices"):  # the ingest below these pages; older projects do not install it
    from tom_alerts import api_views, views
    from tom_common.api_router import SharedAPIRootRouter

    urlpatterns += [
        path("query/list/", views.BrokerQueryListView.as_view(), name="list"),
        path("query/create/", views.BrokerQueryCreateView.as_view(), name="create"),
        path("query/<int:pk>/update/", views.BrokerQueryUpdateView.as_view(), name="update"),
        path("query/<int:pk>/run/", views.RunQueryView.as_view(), name="run"),
        path("query/<int:pk>/copy/", views.BrokerQueryCopyView.as_view(), name="copy"),
        path("query/<int:pk>/delete/", views.BrokerQueryDeleteView.as_view(), name="delete"),
        path("alert/create/", views.CreateTargetFromAlertView.as_view(), name="create-target"),
        path("<str:broker>/submit/", views.SubmitAlertUpstreamView.as_view(), name="submit-alert"),
        path("update/<int:pk>/", views.ListUpdateView.as_view(), name="update-list"),
        path("reports/", views.ReportListView.as_view(), name="reports"),
        path("reports/new/<str:kind>/<int:target_pk>/", views.ReportFormView.as_view(), name="report-new"),
        path("reports/<int:pk>/", views.ReportView.as_view(), name="report"),
        path("reports/<int:pk>/edit/", views.ReportFormView.as_view(), name="report-edit"),
        path("reports/<int:pk>/<slug:action>/", views.ReportActionView.as_view(), name="report-action"),
        path("upload/", views.AlertUploadView.as_view(), name="upload"),
        path("rejected/", views.RejectedPacketListView.as_view(), name="rejected"),
        path("filters/", views.FilterListView.as_view(), name="filters"),
        path("filters/create/", views.FilterFormView.as_view(), name="filter-create"),
        path("filters/expression/", views.ExpressionView.as_view(), name="filter-expression"),
        path("filters/choices/<slug:kind>/", views.FilterChoicesView.as_view(), name="filter-choices"),
        path("filters/<int:pk>/", views.FilterView.as_view(), name="filter"),
        path("filters/<int:pk>/update/", views.FilterFormView.as_view(), name="filter-update"),
        path("filters/<int:pk>/<str:action>/", views.FilterActionView.as_view(), name="filter-action"),
        path("watchlists/", views.WatchlistListView.as_view(), name="watchlists"),
        path("watchlists/create/", views.WatchlistFormView.as_view(), name="watchlist-create"),
        path("watchlists/<int:pk>/", views.WatchlistFormView.as_view(), name="watchlist"),
        path("triage/", views.TriageView.as_view(), name="triage"),
        path("triage/undo/", views.UndoView.as_view(), name="triage-undo"),
        path("triage/<int:pk>/card/", views.CardView.as_view(), name="candidate-card"),
        path("triage/<int:pk>/decide/", views.DecideView.as_view(), name="candidate-decide"),
        path("triage/<int:pk>/image/<str:role>.png", views.candidate_image, name="candidate-image"),
        path("triage/<int:pk>/photometry.json", views.candidate_photometry, name="candidate-photometry"),
        path("rejected/<int:pk>/content/", views.rejected_packet_content, name="rejected-content"),
    ]
    router = SharedAPIRootRouter()
    router.register("alertfilters", api_views.AlertFilterViewSet, "alertfilters")
    router.register("candidates", api_views.CandidateViewSet, "candidates")
