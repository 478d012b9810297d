"""Settings that tom_dataproducts reads, each with its default; read at use."""

from typing import Any

from django.conf import settings

_DEFAULT_TYPES = {
    "photometry": ("photometry", "Photometry"),
    "spectroscopy": ("spectroscopy", "Spectroscopy"),
    "atlas_photometry": ("atlas_photometry", "ATLAS photometry"),
    "panstarrs_photometry": ("panstarrs_photometry", "Pan-STARRS photometry"),
    "ztf_forced_photometry": ("ztf_forced_photometry", "ZTF forced photometry"),
    "ztf_light_curve": ("ztf_light_curve", "ZTF light curve"),
}


def data_product_types() -> dict[str, tuple[str, str]]:
    """Types of data products: key, then (key, name to show)."""
    return getattr(settings, "DATA_PRODUCT_TYPES", None) or _DEFAULT_TYPES


DEFAULT_PROCESSORS = {
    "photometry": "tom_dataproducts.processors.photometry_processor.PhotometryProcessor",
    "spectroscopy": "tom_dataproducts.processors.spectroscopy_processor.SpectroscopyProcessor",
    "atlas_photometry": "tom_dataproducts.processors.atlas_processor.AtlasProcessor",
    "panstarrs_photometry": "tom_dataproducts.processors.panstarrs_processor.PanstarrsProcessor",
    "ztf_forced_photometry": "tom_dataproducts.processors.ztf_processor.ZTFForcedPhotometryProcessor",
    "ztf_light_curve": "tom_dataproducts.processors.ztf_processor.ZTFLightCurveProcessor",
}


def data_processors() -> dict[str, str]:
    """Dotted paths of the processors by type of data product; a type without one is kept, not read."""
    given = getattr(settings, "DATA_PROCESSORS", None)
    return DEFAULT_PROCESSORS if given is None else given


def data_product_path() -> str | None:
    """Dotted path of the project's own ``f(instance, filename)`` that names files, or None."""
    return getattr(settings, "DATA_PRODUCT_PATH", None)


def thumbnail_default_size() -> tuple[int, int]:
    """Width and height of a thumbnail, in pixels."""
    return tuple(getattr(settings, "THUMBNAIL_DEFAULT_SIZE", (200, 200)))


def data_sharing() -> dict[str, dict[str, Any]]:
    """Destinations of sharing: by key a dict with ``BASE_URL`` and a login."""
    return getattr(settings, "DATA_SHARING", None) or {}


def upload_max_bytes() -> int:
    """Size of the largest file that may be uploaded, in bytes (``TOM_DATA_UPLOAD_MAX_MB``)."""
    return int(float(getattr(settings, "TOM_DATA_UPLOAD_MAX_MB", 4000)) * 1_000_000)


def file_trash_days() -> int:
    """Days for which a deleted file can be brought back (``TOM_FILE_TRASH_DAYS``); 0: it is gone at once."""
    return int(getattr(settings, "TOM_FILE_TRASH_DAYS", 30))


def dust_service_url() -> str:
    """Address below which IRSA's dust service (``nph-dust``) answers."""
    return getattr(settings, "TOM_DUST_SERVICE_URL", "https://irsa.ipac.caltech.edu/cgi-bin/DUST/")


def downloads() -> str:
    """How files leave: ``stream`` (through the TOM) or ``redirect`` (to links that the bucket signs)."""
    return str(getattr(settings, "TOM_DOWNLOADS", "stream"))


def download_link_s() -> int:
    """Seconds for which a signed link is good."""
    return int(getattr(settings, "TOM_DOWNLOAD_LINK_S", 300))
