"""Tags of data services: the navigation, the update of a target's data, values of results."""

import datetime as dt
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.template.context import Context
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.sparkline import sparkline_svg
from tom_common.templatetags.front_end import moment
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
    """Offer the services that can be asked for the data of the target on the page, brokers first."""
    able = {
        name: found
        for name, found in data_services.all().items()
        if hasattr(found, "build_query_parameters_from_target")
    }
    services = [
        (name, getattr(found, "verbose_name", None) or name)
        for name, found in sorted(able.items(), key=lambda item: not hasattr(item[1], "survey"))
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


@register.simple_tag
def broker_angle(values: dict[str, Any], which: str) -> SafeString | str:
    """Show a coordinate of a broker's result, sexagesimal with degrees below."""
    value = values.get(which)
    if value is None:
        return "–"
    shown = ra_to_hms(value, decimals=2) if which == "ra" else dec_to_dms(value, decimals=1)
    degrees = f"{value:.6f}" if which == "ra" else f"{value:+.6f}"
    return format_html('{} <small class="text-body-secondary text-nowrap">{}°</small>', shown, degrees)


@register.simple_tag
def broker_time(values: dict[str, Any]) -> SafeString | str:
    """Show when an object of a broker was detected last."""
    try:
        when = dt.datetime.fromisoformat(str(values.get("time")))
    except ValueError:
        return "–"
    return moment(when, "minutes")


@register.simple_tag
def broker_brightness(values: dict[str, Any]) -> SafeString | str:
    """Show the newest magnitude of a broker's object with its band, or the flux where it is no magnitude."""
    band = values.get("band") or ""
    if values.get("mag") is not None:
        error = f" ± {values['mag_err']:.2f}" if values.get("mag_err") is not None else ""
        return format_html("{} {}{} mag", band, f"{values['mag']:.2f}", error)
    if values.get("flux_njy") is not None:
        return format_html("{} {} nJy", band, f"{values['flux_njy']:+,.0f}".replace(",", "\u202f"))
    return "–"


@register.simple_tag
def broker_sparkline(values: dict[str, Any]) -> SafeString:
    """Draw the points that came with a broker's result."""
    points = values.get("points") or []
    if len(points) < 2:
        return SafeString("")
    newest = points[-1]
    return sparkline_svg(points, label=f"{len(points)} points, last {newest[2]} {newest[1]:.1f}")
