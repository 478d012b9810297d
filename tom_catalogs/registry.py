"""The catalogues that can be asked for one object: those of the settings, else those that apps offer."""

from __future__ import annotations

from typing import Any

from tom_catalogs import conf
from tom_common.plugins import PluginRegistry


class _Harvesters(PluginRegistry):
    """Reads two settings for classes, and a third for those that are not wanted."""

    def entries(self) -> list[tuple[str | None, str, dict[str, Any]]]:
        """Return (None, dotted path, {}) of each catalogue."""
        paths = conf.harvester_paths()
        if not paths:
            unwanted = conf.excluded_harvesters()
            paths = [path for path in dict.fromkeys(self._contributed()) if path not in unwanted]
        return [(None, path, {}) for path in paths]


harvesters = _Harvesters(
    "INCLUDE_HARVESTER_CLASSES",
    base="tom_catalogs.harvester.AbstractHarvester",
    contribution="harvester_classes",
)


def get_service_classes() -> dict[str, type[Any]]:
    """Return the catalogues that can be used, by name."""
    return harvesters.all()


def get_service_class(name: str) -> type[Any]:
    """Return the catalogue of a name.

    Raises
    ------
    ImportError
        If there is none, or it cannot be imported.
    """
    return harvesters.get(name)
