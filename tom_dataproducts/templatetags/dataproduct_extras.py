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
from tom_dataproducts.file_selectors import files_of, files_url, visible_products
from tom_dataproducts.points import point_rows
from tom_dataproducts.section_contexts import light_curve_context, spectra_context, upload_form
from tom_dataproducts.selectors import newest_points
from tom_dataproducts.single_target_data_service.overview import queries_of, service_lines
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
    context.update(
        {
            "target": target,
            "products": found[:_LISTED],
            "has_more": len(found) > _LISTED,
            "back_url": files_url(target),
        }
    )
    return context


@register.inclusion_tag("tom_dataproducts/partials/dataproduct_list_all.html", takes_context=True)
def dataproduct_list_all(context: Context) -> Context:
    """The newest files that the user may see."""
    found = list(visible_products(_user(context)).select_related("target").order_by("-pk")[:_LISTED])
    context.update({"products": found})
    return context


@register.inclusion_tag("tom_dataproducts/partials/upload_dataproduct.html", takes_context=True)
def upload_dataproduct(context: Context, obj: Any) -> Context:
    """The form by which files come to a target or an observation record; nothing for who may add none."""
    context.update({"form": upload_form(obj, _user(context))})
    return context


@register.inclusion_tag("tom_dataproducts/partials/saved_dataproduct_list_for_observation.html")
def dataproduct_list_for_observation_saved(data_products: Any, request: Any) -> dict[str, Any]:
    """Files of an observation record that are stored here; those among them that the user may see.

    Parameters
    ----------
    data_products : dict or iterable of DataProduct
        What a facility's ``all_data_products`` gives (its key ``saved``), or the files themselves.
    request : HttpRequest
    """
    given = data_products.get("saved", []) if isinstance(data_products, dict) else data_products
    pks = [product.pk for product in given]
    user = getattr(request, "user", None) or AnonymousUser()
    found = list(visible_products(user).filter(pk__in=pks).order_by("-pk"))
    return {"products": found, "request": request, "user": user}


@register.inclusion_tag("tom_dataproducts/partials/unsaved_dataproduct_list_for_observation.html")
def dataproduct_list_for_observation_unsaved(data_products: Any) -> dict[str, Any]:
    """Files of an observation record that the facility has and this TOM has not.

    Parameters
    ----------
    data_products : dict or iterable of dict
        As above, key ``unsaved``: dictionaries with ``id``, ``filename``, ``created`` and ``url``.
    """
    given = data_products.get("unsaved", []) if isinstance(data_products, dict) else data_products
    return {"products": [_remote_file(item) for item in given]}


def _remote_file(item: dict[str, Any]) -> dict[str, Any]:
    """Return a facility's file with its address left out where that is no web address."""
    url = str(item.get("url") or "")
    return {**item, "url": url if url.startswith(("https://", "http://")) else ""}


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


@register.inclusion_tag("tom_dataproducts/partials/spectroscopy_for_target.html", takes_context=True)
def spectroscopy_for_target(context: Context, target: Any, dataproduct: Any = None) -> dict[str, Any]:
    """The interactive spectra of a target, or of one of its files (a data product or its primary key)."""
    user = _user(context)
    if not _visible(target, user):
        return {"target": target, "is_visible": False}
    product_pk = None if dataproduct in (None, "") else int(getattr(dataproduct, "pk", dataproduct))
    return {"target": target, "is_visible": True, **spectra_context(target, user, product_pk=product_pk)}


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


@register.inclusion_tag("tom_dataproducts/partials/query_single_target_data_service.html", takes_context=True)
def query_single_target_data_service(context: Context, target: Any) -> dict[str, Any]:
    """The data services, each with the button that asks it about the target, or what is missing."""
    user = _user(context)
    if not (user.is_authenticated and _visible(target, user)):
        return {"lines": [], "may_ask": False}
    lines = service_lines(user, target=target, queries=queries_of(target, user=user))
    return {"lines": lines, "may_ask": may(user, "change_target", target)}


class _Facts:
    """A summary's columns as attributes."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.__dict__.update(facts)


def _visible(target: Any, user: Any) -> bool:
    known = getattr(target, "may_view_target", None)
    return may(user, "view_target", target) if known is None else known
