"""The menu of a target's page by which reports are written."""

from __future__ import annotations

from typing import Any

from tom_alerts.report_models import SentReport


def menu(context: Any) -> dict[str, Any] | None:
    """Return the kinds of reports; nothing for those who may not change the target."""
    if not context.get("may_change"):
        return None
    return {"report_kinds": SentReport.Kind.choices}
