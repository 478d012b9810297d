"""Settings that tom_catalogs reads, each with its default; read at use."""

from __future__ import annotations

from django.conf import settings


def harvester_paths() -> list[str]:
    """Dotted paths of the catalogues that the settings name, older name of the setting first."""
    named = [
        *(getattr(settings, "TOM_HARVESTER_CLASSES", None) or ()),
        *(getattr(settings, "INCLUDE_HARVESTER_CLASSES", None) or ()),
    ]
    return list(dict.fromkeys(named))


def excluded_harvesters() -> set[str]:
    """Dotted paths of catalogues that apps offer and this TOM does not want."""
    return set(getattr(settings, "EXCLUDE_HARVESTER_CLASSES", None) or ())


def lookups_kept_days() -> float:
    """Days for which lookups are kept (``TOM_CATALOGUE_LOOKUPS_KEEP_DAYS``)."""
    return float(getattr(settings, "TOM_CATALOGUE_LOOKUPS_KEEP_DAYS", 7))
