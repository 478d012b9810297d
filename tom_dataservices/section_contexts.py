"""What the sections of a target's page show that come from here."""

from __future__ import annotations

from typing import Any

from tom_dataservices.classifications import by_broker


def classifications(context: Any) -> dict[str, Any] | None:
    """What brokers take the target for, side by side, and the services that can be asked for more."""
    target = context["target"]
    brokers = by_broker(target.classifications.all())
    may_change = bool(getattr(target, "may_change_target", False))
    return {"brokers": brokers, "may_change": may_change} if brokers or may_change else None
