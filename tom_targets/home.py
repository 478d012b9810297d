"""What targets add to the home page; each function takes the request."""

from __future__ import annotations

from typing import Any

from tom_targets import selectors
from tom_targets.permissions import may_create_targets

_SHOWN = 10


def newest(request: Any) -> dict[str, Any] | None:
    """Return the table of the targets added last; None where the visitor may see no target."""
    targets = list(selectors.newest_targets(request.user, _SHOWN))
    if not targets:
        return None
    columns = ["light_curve", "last_mag", "rate", "last_detection", "created"]
    return {
        "newest_table": selectors.target_table(targets, columns),
        "may_create": may_create_targets(request.user),
    }
