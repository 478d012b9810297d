"""What a target's page shows of catalogues: whose values are, and the way to ask for more."""

from __future__ import annotations

from typing import Any

from tom_catalogs.completion import current_sources
from tom_targets.permissions import may


def sources(context: Any) -> dict[str, Any]:
    """Return the context of the section: three queries, when it comes near."""
    user = getattr(context.get("request"), "user", None) or context.get("user")
    target = context["target"]
    return {
        "target": target,
        "sources": current_sources(target),
        "may_complete": bool(user and user.is_authenticated and may(user, "change_target", target)),
    }
