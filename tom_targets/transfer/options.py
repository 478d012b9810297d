"""What the person who imports chose. Stored with the file, so that the import can be run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tom_targets import conf

ALL_OR_NOTHING, GOOD_ROWS = "all_or_nothing", "good_rows"
MODES = {
    GOOD_ROWS: "Store the good rows",
    ALL_OR_NOTHING: "All or nothing: one wrong row, and nothing is stored",
}
SKIP, UPDATE, CREATE = "skip", "update", "create"
ACTIONS = {
    SKIP: "Skip the row",
    UPDATE: "Update the target that is there",
    CREATE: "Create another target anyway",
}
MAX_RADIUS_ARCSEC = 60.0


@dataclass
class ImportOptions:
    """How a file is imported.

    Parameters
    ----------
    mode : str
        ``good_rows`` or ``all_or_nothing``.
    same_name : str
        What becomes of a row whose name or alias a target bears already: ``skip`` or ``update``.
    near : str
        What becomes of a row near a target of another name: ``skip``, ``update`` or ``create``.
    radius_arcsec : float
        How near that is, in arcsec; 0 to look at names only.
    permissions : str
        Who sees new targets of which the file does not say it; '' for the default of the TOM.
    group_ids : list of int
        Groups with access to new targets, besides those that the file names.
    list_name : str
        Target list on which all targets of the file are put; '' for none.
    decisions : dict from int to str
        Rows for which something else was chosen than `same_name` and `near` say.
    """

    mode: str = GOOD_ROWS
    same_name: str = field(
        default_factory=lambda: SKIP if conf.duplicate_action() == CREATE else conf.duplicate_action()
    )
    near: str = field(default_factory=conf.duplicate_action)
    radius_arcsec: float = field(default_factory=conf.duplicate_radius_arcsec)
    permissions: str = ""
    group_ids: list[int] = field(default_factory=list)
    list_name: str = ""
    decisions: dict[int, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return what is stored as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ImportOptions:
        """Return the options of stored JSON; what is missing gets its default."""
        known = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        known["decisions"] = {int(row): action for row, action in (known.get("decisions") or {}).items()}
        return cls(**known)

    def action_of(self, row: int, *, by_name: bool) -> str:
        """Return what becomes of a row that is there already."""
        chosen = self.decisions.get(row) or (self.same_name if by_name else self.near)
        return SKIP if by_name and chosen == CREATE else chosen
