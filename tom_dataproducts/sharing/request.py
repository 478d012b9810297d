"""What somebody wants to share: parts of targets, and with whom."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

DATA_PARTS = ("photometry", "spectroscopy", "astrometry", "other")
PARTS = ("target", "aliases", "extras", "lists", *DATA_PARTS, "files")


@dataclass
class ShareRequest:
    """What is to be shared, in plain values: it travels in a job.

    Parameters
    ----------
    destination : str
        Key of ``DATA_SHARING``.
    target_ids : list of int
    list_id : int, optional
        A target list instead of targets.
    parts : list of str
        Of `PARTS`.
    list_names : list of str
        Lists there on which the targets are put, with part ``lists``.
    product_ids, datum_ids : list of int, optional
        Only these files and these rows of photometry.
    overwrite : bool
        Whether facts that differ there are replaced by ours.
    """

    destination: str
    target_ids: list[int] = field(default_factory=list)
    list_id: int | None = None
    parts: list[str] = field(default_factory=lambda: list(PARTS))
    list_names: list[str] = field(default_factory=list)
    product_ids: list[int] | None = None
    datum_ids: list[int] | None = None
    overwrite: bool = False

    def as_values(self) -> dict[str, Any]:
        """Return the request as a dict of plain values."""
        return asdict(self)
