"""What sharing did, or would do: one line for each thing, in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

MAX_ITEMS = 2000


class Outcome(StrEnum):
    """What became of one thing."""

    CREATED = "created"
    UPDATED = "updated"
    SAME = "same"
    LEFT = "left"
    REFUSED = "refused"


@dataclass
class Item:
    """One thing that was shared.

    Parameters
    ----------
    target : str
        Name of our target.
    target_id : int
    what : str
        ``target``, ``aliases``, ``photometry``, ``file`` and so on.
    outcome : Outcome
    count : int
        How many of them.
    text : str
        Which ones, or why not.
    """

    target: str
    target_id: int
    what: str
    outcome: str
    count: int = 1
    text: str = ""


@dataclass
class Report:
    """All that one run did."""

    destination: str
    label: str
    dry_run: bool
    items: list[Item] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    not_tried: int = 0
    stopped: str = ""

    def add(self, target: Any, what: str, outcome: Outcome, *, count: int = 1, text: str = "") -> None:
        """Take note of what became of `count` things; refusals are kept however many items there are."""
        self.totals[outcome] += count
        if len(self.items) >= MAX_ITEMS and outcome is not Outcome.REFUSED:
            self.left_out += 1
        elif len(self.items) < 2 * MAX_ITEMS:
            self.items.append(Item(target.name, target.pk, what, str(outcome), count, text))
        else:
            self.left_out += 1

    @property
    def refused(self) -> int:
        """How many things the other side, or we, refused."""
        return self.totals[Outcome.REFUSED]

    @property
    def changes(self) -> int:
        """How many things were, or would be, made or changed there."""
        return self.totals[Outcome.CREATED] + self.totals[Outcome.UPDATED]

    def summary(self) -> str:
        """Return the counts in one line."""
        would = "would be " if self.dry_run else ""
        parts = [
            f"{self.totals[Outcome.CREATED]} {would}created",
            f"{self.totals[Outcome.UPDATED]} {would}updated",
            f"{self.totals[Outcome.SAME]} there already",
        ]
        if self.totals[Outcome.LEFT]:
            parts.append(f"{self.totals[Outcome.LEFT]} left as they are there")
        if self.refused:
            parts.append(f"{self.refused} refused")
        if self.not_tried:
            parts.append(f"{self.not_tried} targets not tried")
        return ", ".join(parts)

    def as_result(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return what the job keeps; `request` says what was asked for."""
        return {
            "to": self.label,
            "dry_run": self.dry_run,
            "summary": self.summary(),
            "stopped": self.stopped,
            "items": [asdict(item) for item in self.items],
            "left_out": self.left_out,
            "changes": self.changes,
            "refused": self.refused,
            "request": request,
        }
