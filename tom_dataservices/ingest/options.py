"""How an ingest is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class IngestOptions:
    """Choices of the person who ingests alerts.

    Parameters
    ----------
    user : User, optional
        Who ingests: gets view, change and delete on new targets, and must hold ``change_target`` on stored
        targets to add data to them. None (the command line, a stream) may add to every target.
    permissions : str
        Who sees new targets: ``"OPEN"``, ``"PUBLIC"`` or ``"PRIVATE"``.
    group_ids : tuple of int
        Groups that get view and change on new targets.
    list_name : str
        Target list that every object of the alerts is put on; empty for none.
    all_cutouts : bool
        Keep the cutouts of every alert instead of the newest set of each target.
    dry_run : bool
        Do everything, count it, and take it back.
    simulated : bool
        Mark targets and data as simulated.
    batch_size : int
        Alerts per transaction.
    """

    user: Any = None
    permissions: str = "PUBLIC"
    group_ids: tuple[int, ...] = ()
    list_name: str = ""
    all_cutouts: bool = False
    dry_run: bool = False
    simulated: bool = False
    batch_size: int = 1000
    schemas_dir: Path | None = None
    schema_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a visibility that does not exist."""
        if self.permissions not in ("OPEN", "PUBLIC", "PRIVATE"):
            raise ValueError(f"permissions {self.permissions!r}; expected OPEN, PUBLIC or PRIVATE")
