"""What a page says after a deletion of files: how it can be undone."""

from __future__ import annotations

from django.utils.html import format_html

from tom_dataproducts import conf
from tom_dataproducts.file_trash import undo_url


def deleted_text(text: str, change_set_pk: int | None) -> str:
    """Return a sentence with a link to the page that undoes the deletion, where there is one."""
    url, days = undo_url(change_set_pk), conf.file_trash_days()
    if not url:
        return text
    return format_html('{} <a href="{}">Undo</a> within {} day{}.', text, url, days, "" if days == 1 else "s")
