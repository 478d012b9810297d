"""Tags of brokers: the form with which something is sent to one."""

from typing import Any

from django import template

from tom_alerts.registry import brokers

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
def value_of(values: dict[str, Any], name: str) -> Any:
    """Return one of some values by its name; a dash where it is missing."""
    value = values.get(name)
    return "–" if value is None else value
