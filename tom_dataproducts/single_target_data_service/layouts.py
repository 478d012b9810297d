"""Whether a form with a layout of crispy-forms can be drawn by it: its templates are an app of their own."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings

_PACKS = {"bootstrap5": "crispy_bootstrap5", "bootstrap4": "crispy_bootstrap4"}


def has_crispy_templates() -> bool:
    """Tell whether the templates of the pack that the settings choose are installed."""
    pack = getattr(settings, "CRISPY_TEMPLATE_PACK", "")
    return bool(pack) and apps.is_installed(_PACKS.get(pack, pack)) and apps.is_installed("crispy_forms")
