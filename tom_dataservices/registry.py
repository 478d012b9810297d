"""The data services that this TOM has: built in, offered by installed apps, named in the settings."""

from __future__ import annotations

from typing import Any

from tom_common.plugins import PluginRegistry

UNNAMED = "data service"

data_services = PluginRegistry(
    "TOM_DATA_SERVICE_CLASSES",
    base="tom_dataservices.dataservices.DataService",
    contribution="data_services",
    remark=lambda cls: "has no name: set `name` to what pages are to call it" if cls.name == UNNAMED else "",
)


def get_data_service_classes() -> dict[str, type[Any]]:
    """Return the data services that can be used, by their name; one that cannot be imported is left out."""
    return data_services.all()


def get_data_service_class(name: str) -> type[Any]:
    """Return the data service of a name.

    Raises
    ------
    ImportError
        If there is none, or it cannot be imported.
    """
    return data_services.get(name)
