"""URLs of tom_dataproducts."""

from django.urls import path

from tom_dataproducts.views import photometry

app_name = "tom_dataproducts"
urlpatterns = [
    path("target/<int:pk>/photometry.json", photometry.photometry_json, name="photometry"),
    path("target/<int:pk>/photometry.csv", photometry.photometry_csv, name="photometry-csv"),
]
