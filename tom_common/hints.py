"""Hints for the people who build a TOM, shown as messages on its pages while ``HINTS_ENABLED`` is set."""

from django.contrib import messages
from django.http import HttpRequest

from tom_common import conf


def add_hint(request: HttpRequest, text: str, level: int | None = None) -> None:
    """Show a hint on the next page; nothing happens unless ``HINTS_ENABLED`` is set.

    Parameters
    ----------
    request : HttpRequest
    text : str
        May hold markup if it is a ``SafeString``.
    level : int, optional
        Level of the message; the setting ``HINT_LEVEL`` by default.
    """
    if conf.hints_enabled():
        messages.add_message(request, conf.hint_level() if level is None else level, text, extra_tags="hint")
