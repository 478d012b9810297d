"""How an ingest is to be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tom_targets import conf as targets_conf

ON_NEAR = ("create", "merge", "skip")


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
    file_names_only : bool
        Tell of files without their folders, which are ours and of no use to a person.
    near_arcsec : float
        A new object within this distance of a stored target may be the same; 0 asks for none.
        By default ``TOM_DUPLICATE_RADIUS_ARCSEC``.
    on_near : str
        What becomes of such an object: ``"create"`` makes a target of it anyway, ``"merge"`` gives its name
        and data to the stored target, ``"skip"`` leaves it out. Each is told in the report.
    only_known : bool
        Make no targets: store the data of objects that have one, and leave the others to filters.
    """

    user: Any = None
    permissions: str = "PUBLIC"
    group_ids: tuple[int, ...] = ()
    list_name: str = ""
    all_cutouts: bool = False
    dry_run: bool = False
    simulated: bool = False
    batch_size: int = 1000
    file_names_only: bool = False
    near_arcsec: float = field(default_factory=targets_conf.duplicate_radius_arcsec)
    on_near: str = "create"
    only_known: bool = False
    schemas_dir: Path | None = None
    schema_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a choice that does not exist."""
        if self.permissions not in ("OPEN", "PUBLIC", "PRIVATE"):
            raise ValueError(f"permissions {self.permissions!r}; expected OPEN, PUBLIC or PRIVATE")
        if self.on_near not in ON_NEAR:
            raise ValueError(f"on_near {self.on_near!r}; expected one of {', '.join(ON_NEAR)}")
