"""Text that people write, turned into markup that can do no harm."""

from __future__ import annotations

from functools import cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# No images: a page of ours asks nothing of another host. Headings would break the outline of the page.
_TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


@cache
def _parser() -> MarkdownIt:
    options = {"html": False, "breaks": True, "linkify": False, "maxNesting": 20}
    return (
        MarkdownIt("commonmark", options)
        .enable(["table", "strikethrough"])
        .disable(["image", "heading", "lheading"])
    )


def render_markdown(text: str) -> SafeString:
    """Return a text in Markdown as HTML without scripts, images, headings or markup of the writer's own.

    Parameters
    ----------
    text : str
        CommonMark with tables and ``~~strike-through~~``; a line break stays one. HTML in it is shown as
        typed.
    """
    rendered = nh3.clean(
        _parser().render(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(rendered)  # noqa: S308  cleaned in the line above
