"""Settings that tom_dataproducts reads, each with its default; read at use."""

from typing import Any

from django.conf import settings

_DEFAULT_TYPES = {
    "photometry": ("photometry", "Photometry"),
    "spectroscopy": ("spectroscopy", "Spectroscopy"),
}


def data_product_types() -> dict[str, tuple[str, str]]:
    """Types of data products: key, then (key, name to show)."""
    return getattr(settings, "DATA_PRODUCT_TYPES", None) or _DEFAULT_TYPES


def data_product_path() -> str | None:
    """Dotted path of the project's own ``f(instance, filename)`` that names files, or None."""
    return getattr(settings, "DATA_PRODUCT_PATH", None)


def thumbnail_default_size() -> tuple[int, int]:
    """Width and height of a thumbnail, in pixels."""
    return tuple(getattr(settings, "THUMBNAIL_DEFAULT_SIZE", (200, 200)))


def data_sharing() -> dict[str, dict[str, Any]]:
    """Destinations of sharing: by key a dict with ``BASE_URL`` and a login."""
    return getattr(settings, "DATA_SHARING", None) or {}
