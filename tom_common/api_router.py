"""One REST router that all apps and plugins register with, so that every route stands under ``/api/``."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.urls import URLPattern, URLResolver
from rest_framework.routers import DefaultRouter, SimpleRouter

logger = logging.getLogger(__name__)


class SharedAPIRootRouter(SimpleRouter):
    """Router of one app whose routes appear in the API of the whole TOM."""

    shared_router = DefaultRouter()

    def register(self, prefix: str, viewset: Any, basename: str | None = None) -> None:
        """Register a viewset on the shared router and on this one.

        Parameters
        ----------
        prefix : str
            Path below ``/api/``, without slashes at its ends.
        viewset : type
        basename : str, optional
            Stem of the URL names; by default the name of the viewset's model. The second viewset with a
            basename is logged and left out.
        """
        if basename is None:
            basename = self.get_default_basename(viewset)
        if any(taken == basename for _, _, taken in self.shared_router.registry):
            logger.warning("the REST API has a route named %r already; %r is left out", basename, prefix)
            return
        logger.debug("REST API: %s -> %s (%s)", prefix, viewset, basename)
        self.shared_router.register(prefix, viewset, basename=basename)
        # The shared router forgets its list of URLs by itself; so does this one.
        super().register(prefix, viewset, basename=basename)


def collect_api_urls() -> list[URLPattern | URLResolver]:
    """Import ``urls`` of every installed app, so that each can register, and return the routes of the API.

    An app without ``urls``, or whose ``urls`` cannot be imported, is left out; the latter is logged.
    """
    for entry in settings.INSTALLED_APPS:
        package = _package_of(entry)
        module = f"{package}.urls"
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if error.name not in (module, package):
                logger.exception("%s cannot be imported: its REST routes are missing", module)
        except Exception:
            logger.exception("%s cannot be imported: its REST routes are missing", module)
    return SharedAPIRootRouter.shared_router.urls


def _package_of(entry: str) -> str:
    """Return the package of an ``INSTALLED_APPS`` entry, which may be the path of an AppConfig."""
    for config in apps.get_app_configs():
        if entry == f"{type(config).__module__}.{type(config).__qualname__}":
            return config.name
    return AppConfig.create(entry).name if entry.rpartition(".")[2][:1].isupper() else entry
