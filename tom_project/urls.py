"""URLs of the project: all of them come from the reusable apps."""

from django.urls import include, path

urlpatterns = [path("", include("tom_common.urls"))]
