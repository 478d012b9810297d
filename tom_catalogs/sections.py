"""What a target's page shows of catalogues: whose values are, and the way to ask for more."""

from __future__ import annotations

from typing import Any

from tom_catalogs import fields
from tom_catalogs.comparison import EXTRA
from tom_catalogs.completion import ALIAS, current_sources
from tom_targets.permissions import may


def sources(context: Any) -> dict[str, Any]:
    """Return the context of the section: three queries, when it comes near."""
    user = getattr(context.get("request"), "user", None) or context.get("user")
    target = context["target"]
    return {
        "target": target,
        "sources": [(row, *_words_of(row.field, row.value)) for row in current_sources(target)],
        "may_complete": bool(user and user.is_authenticated and may(user, "change_target", target)),
    }


def _words_of(field: str, value: str) -> tuple[str, str]:
    """Return what a field is called, with its unit, and its value as pages show it."""
    if field.startswith(f"{ALIAS}-"):
        return "Alias", value
    key = field.removeprefix(EXTRA)
    return fields.label_of(key), fields.shown(key, value)
