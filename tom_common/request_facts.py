"""What a request says of how it wants to be answered: as JSON, and where to go on afterwards."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def wants_json(request: HttpRequest) -> bool:
    """Tell whether a script of our pages asks, which shows the answer by itself."""
    return request.headers.get("Accept", "").startswith("application/json")


def own_address(request: HttpRequest, wanted: str) -> str:
    """Return an address that a form names if it leads to this site, by HTTPS where that is used, else ''."""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and is_ours else ""
