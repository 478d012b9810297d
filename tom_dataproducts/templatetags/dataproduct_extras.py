"""Tags of files and measurements, for our pages and for those of plugins and projects.

Every tag filters by what the user of the page may see; a page without a request shows what everybody may see.
"""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.template import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from tom_common.astro.time import datetime_to_mjd_utc
from tom_common.sparkline import sparkline_svg
from tom_dataproducts.file_selectors import files_of, is_picture, visible_products
from tom_dataproducts.points import point_rows
from tom_dataproducts.section_contexts import light_curve_context
from tom_dataproducts.selectors import newest_points
from tom_dataproducts.summaries import summaries_for
from tom_targets.permissions import may
from tom_targets.tables import summary_label

register = template.Library()

_LISTED = 25
_TABLE_ROWS = 100


def _user(context: Context) -> Any:
    user = getattr(context.get("request"), "user", None) or context.get("user")
    return user if user is not None else AnonymousUser()


@register.inclusion_tag("tom_dataproducts/partials/dataproduct_list_for_target.html", takes_context=True)
def dataproduct_list_for_target(context: Context, target: Any) -> Context:
    """Files of a target."""
    found = list(files_of(target, user=_user(context))[: _LISTED + 1])
    for product in found:
        product.has_picture = is_picture(product)
    context.update(
        {
            "target": target,
            "products": found[:_LISTED],
            "has_more": len(found) > _LISTED,
            "back_url": f"{target.get_absolute_url()}?tab=manage-data#manage-data",
        }
    )
    return context


@register.inclusion_tag("tom_dataproducts/partials/dataproduct_list_all.html", takes_context=True)
def dataproduct_list_all(context: Context) -> Context:
    """The newest files that the user may see."""
    found = list(visible_products(_user(context)).select_related("target").order_by("-pk")[:_LISTED])
    for product in found:
        product.has_picture = is_picture(product)
    context.update({"products": found})
    return context


@register.inclusion_tag("tom_dataproducts/partials/recent_photometry.html")
def recent_photometry(target: Any, limit: int = 1) -> dict[str, Any]:
    """The newest points of a target; the page that uses the tag has asked who may see the target."""
    return {"target": target, "rows": point_rows(newest_points(target, limit=int(limit)))}


@register.inclusion_tag("tom_dataproducts/partials/photometry_datalist_for_target.html", takes_context=True)
def get_photometry_data(context: Context, target: Any, target_share: bool = False) -> dict[str, Any]:
    """Points of a target as a table, newest first, with a link to all of them.

    `target_share` is accepted for the sake of callers: sharing has no page here yet.
    """
    user = _user(context)
    rows = _visible(target, user) and point_rows(newest_points(target, user=user, limit=_TABLE_ROWS))
    return {"target": target, "rows": rows or [], "is_cut": len(rows or []) == _TABLE_ROWS}


@register.inclusion_tag("tom_dataproducts/partials/photometry_for_target.html", takes_context=True)
def photometry_for_target(
    context: Context,
    target: Any,
    width: int = 700,
    height: int = 600,
    background: str | None = None,
    label_color: str | None = None,
    grid: bool = True,
) -> dict[str, Any]:
    """The interactive light curve, with the styles and scripts that it needs.

    Size and colours are accepted for the sake of callers: the plot takes them from the page and its theme.
    """
    user = _user(context)
    if not _visible(target, user):
        return {"target": target, "is_visible": False}
    return {"target": target, "is_visible": True, **light_curve_context(target, user)}


@register.simple_tag(takes_context=True)
def reduceddatum_sparkline(
    context: Context,
    target: Any,
    height: int = 28,
    spacing: int = 5,
    color_map: dict[str, str] | None = None,
    limit_y: bool = True,
    days: int = 32,
) -> SafeString:
    """A light curve as small as a word: the newest points of the last `days` before now.

    The other arguments are accepted for the sake of callers: the drawing takes size and colour from the page.
    """
    if not _visible(target, _user(context)):
        return SafeString("")
    facts = summaries_for([target.pk]).get(target.pk)
    if facts is None:
        return SafeString("")
    since_mjd = datetime_to_mjd_utc(timezone.now()) - float(days)
    points = [point for point in facts["points"] if point[0] >= since_mjd]
    return sparkline_svg(points, label=summary_label(_Facts(facts)))


class _Facts:
    """A summary's columns as attributes."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.__dict__.update(facts)


def _visible(target: Any, user: Any) -> bool:
    known = getattr(target, "may_view_target", None)
    return may(user, "view_target", target) if known is None else known
