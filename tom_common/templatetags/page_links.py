"""What both libraries of page links show. Not a tag library itself."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict

from tom_common import conf


def page_links(
    request: HttpRequest | None,
    page: Any,
    *,
    url: str | None = None,
    parameter_name: str = "page",
    pages_to_show: int = 11,
    extra: str | None = None,
    **_: Any,
) -> dict[str, Any]:
    """Return numbers and addresses of the pages around one page.

    Parameters
    ----------
    request : HttpRequest or None
    page : Page
    url : str, optional
        Address of the list; that of the request by default.
    parameter_name : str
        Name in the query string that holds the number of the page.
    pages_to_show : int
        Most numbers that are shown.
    extra : str, optional
        Query string to add.
    """
    parts = urlsplit(url if url is not None else request.get_full_path() if request is not None else "")
    query = QueryDict(parts.query, mutable=True)
    query.update(QueryDict(extra or ""))

    def address(number: int) -> str:
        query[parameter_name] = str(number)
        return f"{parts.path}?{query.urlencode()}"

    last = page.paginator.num_pages
    first_shown = max(1, min(page.number - pages_to_show // 2, last - pages_to_show + 1))
    shown = range(first_shown, min(last, first_shown + pages_to_show - 1) + 1)
    return {
        "page": page,
        "links": [{"number": n, "url": address(n), "is_current": n == page.number} for n in shown],
        "previous_url": address(page.previous_page_number()) if page.has_previous() else "",
        "next_url": address(page.next_page_number()) if page.has_next() else "",
        "first_url": address(1),
        "last_url": address(last),
        "show_pagination_info": conf.setting("SHOW_PAGINATION_INFO", True),
    }
