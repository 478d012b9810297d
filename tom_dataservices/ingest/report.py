"""What an ingest did: counts, and each packet or object that was not taken with the reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

# Reasons kept in memory and in the job's log; every rejected packet is kept as a row besides.
MAX_REASONS = 200


@dataclass
class IngestReport:
    """Counts of an ingest.

    ``received`` counts alert packets; ``new_data`` rows of photometry and astrometry that were not there
    before; ``duplicates`` points that were there already or came more than once; ``candidates`` objects that
    filters let through for the first time; ``fraction`` is how much of the input was read.
    """

    received: int = 0
    new_targets: int = 0
    new_data: int = 0
    duplicates: int = 0
    rejected: int = 0
    cutouts: int = 0
    batches: int = 0
    candidates: int = 0
    reasons: list[str] = field(default_factory=list)
    near: int = 0
    near_notes: list[str] = field(default_factory=list)
    refused_names: set[str] = field(default_factory=set)
    fraction: float | None = None

    def reject(self, reason: str, *, count: int = 1) -> None:
        """Count packets that were not taken and keep the reason."""
        self.rejected += count
        if len(self.reasons) < MAX_REASONS:
            self.reasons.append(reason)

    def tell_near(self, note: str) -> None:
        """Count a new object near a stored target, and keep what is said of it."""
        self.near += 1
        if len(self.near_notes) < MAX_REASONS:
            self.near_notes.append(note)

    def add(self, other: IngestReport) -> None:
        """Add the counts of another report."""
        for name in ("received", "new_targets", "new_data", "duplicates", "rejected", "cutouts", "batches"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.near += other.near
        self.candidates += other.candidates
        self.near_notes.extend(other.near_notes[: MAX_REASONS - len(self.near_notes)])
        self.reasons.extend(other.reasons[: MAX_REASONS - len(self.reasons)])

    def as_dict(self) -> dict[str, Any]:
        """Return the counts and reasons as plain values."""
        values = asdict(self)
        del values["refused_names"]
        return values

    def summary(self) -> str:
        """Return the counts as one line."""
        return (
            f"{counted(self.received, 'alert')} received, {counted(self.new_targets, 'new target')},"
            f" {self.new_data:,} new data, {counted(self.duplicates, 'duplicate')},"
            f" {self.rejected:,} rejected"
            + (f", {self.candidates:,} new for triage" if self.candidates else "")
        )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one: ``1,862 alerts``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
