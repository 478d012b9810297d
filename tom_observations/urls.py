"""URLs of tom_observations."""

from django.urls import path

from tom_observations import views

app_name = "tom_observations"
urlpatterns = [
    path("visibility/<int:pk>/night.csv", views.NightCsvView.as_view(), name="night-csv"),
]
