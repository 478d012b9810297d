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
    SENT = "sent"
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
    retry_after_s: float | None = None

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
        """How many things were, or would be, made, changed or sent again there."""
        return sum(self.totals[outcome] for outcome in (Outcome.CREATED, Outcome.UPDATED, Outcome.SENT))

    def summary(self) -> str:
        """Return the counts in one line."""
        would = "would be " if self.dry_run else ""
        words = {
            Outcome.CREATED: f"{would}created",
            Outcome.UPDATED: f"{would}updated",
            Outcome.SAME: "there already",
            Outcome.SENT: f"{would}sent, perhaps there already",
            Outcome.LEFT: "left as they are there",
            Outcome.REFUSED: "refused",
        }
        parts = [f"{self.totals[outcome]} {said}" for outcome, said in words.items() if self.totals[outcome]]
        if self.not_tried:
            parts.append(f"{self.not_tried} targets not tried")
        return ", ".join(parts) or "nothing to share"

    def as_result(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return what the job keeps: two lines for its own page, and the whole with what was asked for."""
        whole = {
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
        return {"to": self.label, "summary": self.summary(), "report": whole}
