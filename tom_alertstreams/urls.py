"""URLs of tom_alertstreams, below ``/alertstreams/``."""

from django.urls import path

from tom_alertstreams.views import letters, streams

app_name = "alertstreams"
urlpatterns = [
    path("", streams.StreamListView.as_view(), name="streams"),
    path("dead-letters/", letters.DeadLetterListView.as_view(), name="dead-letters"),
    path("dead-letters/replay/", letters.ReplayView.as_view(), name="replay"),
    path("dead-letters/discard/", letters.DiscardView.as_view(), name="discard"),
    path("dead-letters/forget/", letters.ForgetCountView.as_view(), name="forget-count"),
    path("dead-letters/<int:pk>/", letters.DeadLetterView.as_view(), name="dead-letter"),
    path(
        "dead-letters/<int:pk>/content/", letters.DeadLetterContentView.as_view(), name="dead-letter-content"
    ),
]
