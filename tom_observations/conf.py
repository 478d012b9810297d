"""Settings that tom_observations reads, each with its default; read at use."""

from django.conf import settings

DEFAULT_VISIBILITY_SITES = ("ogg", "lsc", "tfn", "cpt", "coj")


def visibility_sites() -> list[str]:
    """Codes of the sites that visibility is shown for until somebody chooses, besides the user's own site."""
    return list(getattr(settings, "TOM_VISIBILITY_SITES", None) or DEFAULT_VISIBILITY_SITES)
