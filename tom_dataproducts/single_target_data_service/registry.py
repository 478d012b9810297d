"""The classes of ``SINGLE_TARGET_DATA_SERVICES`` by their own names, and what the setting says about each."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string

from tom_common.plugins import PluginError, PluginRegistry

FOLDER = "tom_dataproducts.single_target_data_service"
BUILT_IN = {
    "Atlas": f"{FOLDER}.atlas.AtlasForcedPhotometryService",
    "ZTF forced photometry": f"{FOLDER}.ztf_forced.ZTFForcedPhotometryService",
    "ZTF light curves": f"{FOLDER}.ztf_light_curves.ZTFLightCurveService",
    "PanSTARRS": f"{FOLDER}.panstarrs_service.panstarrs.PanstarrsSingleTargetDataService",
}

registry = PluginRegistry(
    "SINGLE_TARGET_DATA_SERVICES",
    base=f"{FOLDER}.single_target_data_service.BaseSingleTargetDataService",
    aliases=("FORCED_PHOTOMETRY_SERVICES",),
)


def service_classes() -> dict[str, type[Any]]:
    """Return the classes that can be used, by their attribute ``name``, in the order of the setting."""
    return {str(cls.name): cls for cls in registry.all().values()}


def service_class(name: str) -> type[Any]:
    """Return the class with a name.

    Raises
    ------
    PluginError
        An ``ImportError``, if there is none, or the entry that may be meant cannot be imported.
    """
    classes = service_classes()
    if name in classes:
        return classes[name]
    reasons = "".join(f"; {reason}" for reason in registry.problems())
    listed = ", ".join(sorted(classes)) or "nothing usable"
    raise PluginError(
        f"no data service {name!r} in settings.SINGLE_TARGET_DATA_SERVICES; it has: {listed}{reasons}"
    )


def service_config(cls: type[Any]) -> dict[str, Any]:
    """Return the dict that the setting holds for a class; empty where it holds none."""
    for _, path, config in registry.entries():
        if path == f"{cls.__module__}.{cls.__qualname__}":
            return config
    for _, path, config in registry.entries():  # the setting may name it by another module's import
        if path and path.rpartition(".")[2] == cls.__qualname__ and import_string(path) is cls:
            return config
    return {}


def absent_built_in() -> list[tuple[str, str]]:
    """Return (name, dotted path) of our own services that the setting does not name."""
    named = {path for _, path, _ in registry.entries()}
    return [(name, path) for name, path in BUILT_IN.items() if path not in named]
