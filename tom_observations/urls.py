"""URLs of tom_observations."""

from django.urls import path

from tom_observations import views

app_name = "tom_observations"
urlpatterns = [
    path("visibility/", views.VisibilityView.as_view(), name="visibility"),
    path("visibility/table.csv", views.VisibilityCsvView.as_view(), name="visibility-csv"),
    path("visibility/<int:pk>/night.csv", views.NightCsvView.as_view(), name="night-csv"),
]
