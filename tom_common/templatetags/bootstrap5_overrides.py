"""Page links for plugins written for Bootstrap 5; our own lists use keyset pages."""

from typing import Any

from django import template
from django.template import Context

from tom_common.templatetags.page_links import page_links

register = template.Library()


@register.inclusion_tag("bootstrap5_overrides/pagination.html", takes_context=True)
def bootstrap_pagination(context: Context, page: Any, **kwargs: Any) -> dict[str, Any]:
    """Links to the pages of a Django paginator; they keep the query string.

    Parameters
    ----------
    context : Context
    page : Page
        Of a ``django.core.paginator.Paginator``.
    kwargs : dict
        ``url`` (address of the list; default is that of the request), ``parameter_name`` (default ``page``),
        ``pages_to_show`` (default 11) and ``extra`` (further query string) are used.
    """
    return page_links(context.get("request"), page, **kwargs)
