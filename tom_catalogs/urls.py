"""URLs of tom_catalogs, below ``/catalogs/``."""

from django.apps import apps
from django.urls import URLPattern, path

app_name = "tom_catalogs"
urlpatterns: list[URLPattern] = []
if apps.is_installed("tom_dataservices"):  # what asks in the background; older projects do not install it
    from tom_catalogs import views

    urlpatterns += [
        path("query/", views.CatalogQueryView.as_view(), name="query"),
        path("target/<int:pk>/", views.TargetLookupView.as_view(), name="target-lookup"),
        path("lookup/<int:pk>/", views.LookupView.as_view(), name="lookup"),
        path("lookup/<int:pk>/target/", views.MakeTargetView.as_view(), name="make-target"),
    ]
