"""Page links for plugins written for Bootstrap 4; our own lists use keyset pages."""

from typing import Any

from django import template
from django.template import Context

from tom_common.templatetags.page_links import page_links

register = template.Library()


@register.inclusion_tag("bootstrap4_overrides/pagination.html", takes_context=True)
def bootstrap_pagination(context: Context, page: Any, **kwargs: Any) -> dict[str, Any]:
    """Links to the pages of a Django paginator; see the tag of ``bootstrap5_overrides``."""
    return page_links(context.get("request"), page, **kwargs)
