"""Tags of data services: the navigation, the update of a target's data, values of results."""

from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.template.context import Context
from django.urls import NoReverseMatch, reverse

from tom_dataservices.registry import data_services

register = template.Library()


@register.filter
def value_of(values: dict[str, Any], key: str) -> Any:
    """Return what a dict has under a key; an en dash for nothing."""
    found = values.get(key)
    return "–" if found in (None, "") else found


@register.filter
def is_cfield(field: BoundField) -> bool:
    """Tell whether a form field is a check box."""
    return isinstance(field.field.widget, CheckboxInput)


@register.inclusion_tag("tom_dataservices/partials/dataservices_list.html", takes_context=True)
def dataservices_list(context: Context) -> dict[str, Any]:
    """Show the data services that can be asked."""
    return {"services": data_services.choices(), "request": context.get("request")}


@register.inclusion_tag("tom_dataservices/partials/update_data_from_dataservice.html", takes_context=True)
def update_data_from_dataservice(context: Context) -> dict[str, Any]:
    """Offer the services that can be asked for the data of the target on the page."""
    services = [
        (name, getattr(found, "verbose_name", None) or name)
        for name, found in data_services.all().items()
        if hasattr(found, "build_query_parameters_from_target")
    ]
    return {
        "services": services,
        "target": context.get("target") or context.get("object"),
        "request": context.get("request"),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("tom_dataservices/partials/catalog_query_menu.html", takes_context=True)
def catalog_query_menu(context: Context) -> dict[str, Any]:
    """Show a box that looks a name up in the catalogues; nothing where this TOM has none."""
    try:
        url = reverse("tom_catalogs:query")
    except NoReverseMatch:
        url = ""
    return {"catalog_url": url, "csrf_token": context.get("csrf_token"), "request": context.get("request")}
