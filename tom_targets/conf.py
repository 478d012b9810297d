"""Settings that tom_targets reads, each with its default; read at use."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

DEFAULT_LIST_COLUMNS = ("light_curve", "last_mag", "rate", "last_detection", "ra", "dec", "created")
DEFAULT_STATUSES = ("new", "watch", "following", "finished")
DEFAULT_CLASSIFICATION_KEYS = ("classification", "class", "fink_class", "ml_class")


def target_model_path() -> str | None:
    """Dotted path of the project's own target class, or None."""
    return getattr(settings, "TARGET_MODEL_CLASS", None)


def match_manager_path(model_name: str) -> str | None:
    """Dotted path of the project's match manager for a model, or None."""
    return (getattr(settings, "MATCH_MANAGERS", None) or {}).get(model_name)


def default_target_type() -> str:
    """Type that the create page starts from: ``SIDEREAL`` or ``NON_SIDEREAL``."""
    return getattr(settings, "TARGET_TYPE", "SIDEREAL")


def default_target_permission() -> str:
    """Who sees a new target: ``PRIVATE``, ``PUBLIC`` or ``OPEN``."""
    return getattr(settings, "TARGET_DEFAULT_PERMISSION", "PRIVATE")


def extra_fields() -> list[dict[str, Any]]:
    """Declared extra fields: dicts with ``name``, ``type`` and perhaps ``default`` and ``hidden``."""
    return list(getattr(settings, "EXTRA_FIELDS", None) or [])


def default_extra_fields() -> list[dict[str, Any]]:
    """Declared extra fields that each new target is given, with their ``default``."""
    return [field for field in extra_fields() if field.get("default") is not None]


def permissions_only() -> bool:
    """True if whoever sees a target sees its data; False if data products have grants of their own."""
    return bool(getattr(settings, "TARGET_PERMISSIONS_ONLY", True))


def trash_days() -> int:
    """Days for which a deleted target can be restored."""
    return int(getattr(settings, "TOM_TRASH_DAYS", 30))


def list_columns() -> list[str]:
    """Columns of the target list until a user chooses: of ``tables.COLUMNS``, fields, extras or tags."""
    return list(getattr(settings, "TARGET_LIST_COLUMNS", None) or DEFAULT_LIST_COLUMNS)


def classification_keys() -> list[str]:
    """Keys of the extras that hold a target's class, the most trusted first; shown beside its name."""
    return list(getattr(settings, "TOM_CLASSIFICATION_KEYS", None) or DEFAULT_CLASSIFICATION_KEYS)


def target_statuses() -> list[str]:
    """Words by which a team says what it does with a target, of at most 40 characters each."""
    words = getattr(settings, "TOM_TARGET_STATUSES", None) or DEFAULT_STATUSES
    return [str(word)[:40] for word in words]


def public_may_add_targets() -> bool:
    """Whether the group Public, which every new user joins, starts with the right to create targets."""
    return bool(getattr(settings, "TOM_PUBLIC_MAY_ADD_TARGETS", True))


def anonymous_user_name() -> str | None:
    """Name of the account that django-guardian keeps for anonymous visitors, None if it keeps none."""
    return getattr(settings, "ANONYMOUS_USER_NAME", "AnonymousUser")


def import_max_bytes() -> int:
    """Size of the largest file, packed or not, that may be imported, in bytes (``TOM_IMPORT_MAX_MB``)."""
    return int(float(getattr(settings, "TOM_IMPORT_MAX_MB", 200)) * 1_000_000)


def import_max_rows() -> int:
    """Most rows that an imported file may have."""
    return int(getattr(settings, "TOM_IMPORT_MAX_ROWS", 500_000))


def duplicate_radius_arcsec() -> float:
    """How near a new target has to be to a stored one to be taken for the same, in arcsec."""
    return float(getattr(settings, "TOM_DUPLICATE_RADIUS_ARCSEC", 1.0))


def duplicate_action() -> str:
    """What becomes of a target that is there already where nobody chose: ``skip``, ``update``, ``create``."""
    return str(getattr(settings, "TOM_DUPLICATE_ACTION", "skip"))


_CDS = ("https://alasky.cds.unistra.fr", "https://alaskybis.cds.unistra.fr")
DEFAULT_SKY_SURVEYS = [
    {"name": name, "urls": [f"{server}/{path}" for server in _CDS]}
    for name, path in (
        ("DSS2 colour", "DSS/DSSColor"),
        ("Pan-STARRS DR1 colour", "Pan-STARRS/DR1/color-z-zg-g"),
        ("SDSS9 colour", "SDSS/DR9/color"),
        ("2MASS colour", "2MASS/Color"),
        ("AllWISE colour", "AllWISE/RGB-W4-W2-W1"),
    )
]


def sky_survey_hosts() -> list[str]:
    """Origins of the surveys, each once: what the content security policy of the sky view lets in."""
    parts = [urlsplit(url) for survey in sky_surveys() for url in survey["urls"]]
    return list(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))


def sky_surveys() -> list[dict[str, Any]]:
    """Surveys that the sky view offers: dicts with ``name`` and ``urls``, the HiPS and its mirrors."""
    surveys = getattr(settings, "TOM_SKY_SURVEYS", None)
    return list(DEFAULT_SKY_SURVEYS if surveys is None else surveys)
