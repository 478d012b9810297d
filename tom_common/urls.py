"""All URLs of a TOM: ``path("", include("tom_common.urls"))`` is all that a project needs.

The order is public. What plugins offer by ``include_url_paths()`` stands in front of our own pages (behind
``home``), so that a plugin can put its page in the place of ours. ``urlpatterns`` is a plain list: plugins
insert into it.
"""

from django.apps import apps
from django.urls import include, path

from tom_common.account_urls import account_urlpatterns, home_urlpatterns
from tom_common.api_router import SharedAPIRootRouter, collect_api_urls
from tom_common.contributions import include_url_paths
from tom_common.history_urls import history_urlpatterns
from tom_common.job_urls import job_urlpatterns

# --- home: the one page that plugins cannot take by accident
urlpatterns = [*home_urlpatterns]

# --- plugins
urlpatterns += include_url_paths()

# --- accounts, users, groups, comments
urlpatterns += account_urlpatterns

# --- jobs and notifications
urlpatterns += job_urlpatterns

# --- changes and how they are undone
urlpatterns += history_urlpatterns

# --- our apps, each where it is installed: prefix, package, instance namespace
for prefix, package, namespace in (
    ("targets/", "tom_targets", "targets"),
    ("alerts/", "tom_alerts", "alerts"),
    ("catalogs/", "tom_catalogs", "tom_catalogs"),
    ("observations/", "tom_observations", "observations"),
    ("dataproducts/", "tom_dataproducts", "dataproducts"),
    ("tom_dataservices/", "tom_dataservices", "dataservices"),
    ("calendar/", "tom_calendar", "calendar"),
):
    if apps.is_installed(package):
        urlpatterns.append(path(prefix, include(f"{package}.urls", namespace=namespace)))

# --- apps of others
if apps.is_installed("django.contrib.admin"):
    from django.contrib import admin

    urlpatterns.append(path("admin/", admin.site.urls))

# --- REST API
if apps.is_installed("rest_framework"):
    urlpatterns.append(path("api-auth/", include("rest_framework.urls", namespace="rest_framework")))
if apps.is_installed("rest_framework.authtoken"):
    from tom_common.api_views import TokenView

    urlpatterns.append(path("api/token-auth/", TokenView.as_view(), name="api-token-auth"))
if apps.is_installed("drf_spectacular"):
    from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

    urlpatterns += [
        path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
        path(
            "api/docs/",
            SpectacularSwaggerSplitView.as_view(
                url_name="api-schema", template_name="tom_common/api_docs.html", title="REST API"
            ),
            name="api-docs",
        ),
    ]
if apps.is_installed("rest_framework"):
    from tom_common.api_history import ChangeSetViewSet
    from tom_common.api_views import GroupViewSet

    SharedAPIRootRouter().register("groups", GroupViewSet, "groups")
    SharedAPIRootRouter().register("changesets", ChangeSetViewSet, "changesets")
urlpatterns.append(path("api/", include((collect_api_urls(), "api"), namespace="api")))
