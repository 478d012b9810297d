"""The history of a stream as a small picture: messages in each ten minutes of a day."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_HEIGHT = 40


def bars_svg(counts: Sequence[int], *, label: str) -> SafeString:
    """Draw counts as bars, side by side, the highest over the full height.

    Parameters
    ----------
    counts : sequence of int, shape (n,)
        None below zero.
    label : str
        Text alternative.

    Returns
    -------
    SafeString
        An ``<svg>`` in the class ``tom-bars``, drawn with the current colour.
    """
    most = max(counts, default=0)
    bars = "".join(
        f"M{place}.5 {_HEIGHT}V{_HEIGHT - max(1, round(_HEIGHT * count / most))}"
        for place, count in enumerate(counts)
        if count > 0
    )
    return mark_safe(  # noqa: S308  the label is escaped, the rest are our own numbers
        f'<svg class="tom-bars" viewBox="0 0 {max(1, len(counts))} {_HEIGHT}" preserveAspectRatio="none"'
        f' role="img" aria-label="{escape(label)}" fill="none" stroke="currentColor"><path d="{bars}"/></svg>'
    )
