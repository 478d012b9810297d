"""Sections of a target's page: ours, offered by ``target_detail_sections()``, then the tabs of plugins.

Read by the view of the page and by its tags.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.text import slugify

from tom_common import contributions
from tom_common.contributions import Contribution


@dataclass(frozen=True)
class Section:
    """One section: `id` is the anchor, the value of ``?tab=`` and the pane id that plugins know."""

    id: str
    label: str
    part: Contribution
    is_lazy: bool
    height: str = ""

    @property
    def styles(self) -> str:
        """Template of the style sheets that the section needs, included in the head of the page."""
        return self.part.options.get("styles", "")

    @property
    def scripts(self) -> str:
        """Template of the scripts that the section needs, included at the end of the page."""
        return self.part.options.get("scripts", "")


def all_sections() -> list[Section]:
    """Return the sections of a target's page in their order; one id occurs once, ours before a plugin's."""
    sections: dict[str, Section] = {}
    for part in contributions.target_detail_sections():
        options = part.options
        found = Section(
            options.get("id") or slugify(part.label),
            part.label,
            part,
            bool(options.get("lazy", True)),
            str(options.get("height", "")),
        )
        sections.setdefault(found.id, found)
    for part in contributions.target_detail_tabs():
        tab = Section(slugify(part.label), part.label, part, is_lazy=True)
        if tab.id:
            sections.setdefault(tab.id, tab)
    return list(sections.values())


def section_named(section_id: str) -> Section | None:
    """Return the section with an id, None without one."""
    return next((section for section in all_sections() if section.id == section_id), None)
