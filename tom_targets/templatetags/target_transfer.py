"""Tags of the pages that export targets."""

from __future__ import annotations

from django import template

from tom_targets.transfer.writers import WRITERS

register = template.Library()


@register.simple_tag
def export_formats() -> list[tuple[str, str]]:
    """Return the formats in which targets can be exported, with the words for them."""
    return [(key, words) for key, (words, *_) in WRITERS.items()]
