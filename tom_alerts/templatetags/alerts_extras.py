"""Tags of brokers: the form with which something is sent to one."""

from typing import Any

from django import template

from tom_alerts.registry import brokers
from tom_alerts.shown_values import Column, shown

register = template.Library()


@register.inclusion_tag("tom_alerts/partials/submit_upstream_form.html")
def submit_upstream_form(
    broker: str, target: Any = None, observation_record: Any = None, redirect_url: str | None = None
) -> dict[str, Any]:
    """Show the submission form of a broker for a target or an observation record."""
    form = brokers.get(broker).alert_submission_form(
        broker=broker,
        initial={"target": target, "observation_record": observation_record, "redirect_url": redirect_url},
    )
    return {"submit_upstream_form": form}


@register.filter
def value_of(values: dict[str, Any], column: Column) -> str:
    """Return the value of a column; a dash where it is missing."""
    return shown(values.get(column.name), column.unit)
