"""What becomes of a result that a stored target may be: made a target anyway, given to that target, left out.

Called wherever results become targets: from pages, and by what runs unattended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from tom_common.history import change_set
from tom_dataservices import conf
from tom_dataservices.providers import Access, Provider
from tom_dataservices.results import KeptTarget, keep_aliases
from tom_targets import conf as targets_conf
from tom_targets.known_targets import BY_NAME, KnownTarget, known_targets
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

CREATE, MERGE, SKIP = "create", "merge", "skip"
CHOICES = (
    (CREATE, "Make a target of it anyway, and tell"),
    (MERGE, "Give its name and data to that target"),
    (SKIP, "Leave it out, also where a target bears its name"),
)
MAX_RADIUS_ARCSEC = 600.0


class LeftOutError(Exception):
    """A result makes no target, as was chosen; the text says what is there."""


@dataclass(frozen=True)
class Duplicates:
    """What was chosen: `CREATE`, `MERGE` or `SKIP`, and within how many arcsec a target may be the same."""

    action: str
    radius_arcsec: float

    @classmethod
    def chosen(cls, action: str | None = None, radius_arcsec: float | None = None) -> Self:
        """Return a choice; what nobody chose is taken from the settings."""
        radius = targets_conf.duplicate_radius_arcsec() if radius_arcsec is None else radius_arcsec
        return cls(action or conf.on_near_target(), min(max(0.0, radius), MAX_RADIUS_ARCSEC))


def keep_result(
    asked: Provider,
    raw: Any,
    *,
    names: Sequence[str],
    ra_deg: float | None,
    dec_deg: float | None,
    access: Access,
    duplicates: Duplicates,
) -> KeptTarget:
    """Make a target of a result, or give it to the target that it may be.

    Parameters
    ----------
    asked : Provider
        Who gave the result.
    raw : object
        The result, as it gave it.
    names : sequence of str
        Its name, and others.
    ra_deg, dec_deg : float or None
        ICRS, deg.
    access : Access
        For whom; targets that this user may not see do not count, but for their names.
    duplicates : Duplicates

    Raises
    ------
    LeftOutError
        If it was left out.
    NameTakenError
        If its name belongs to a target that the user may not see.
    """
    known = known_targets(
        [tuple(name for name in names if name)],
        [ra_deg],
        [dec_deg],
        radius_arcsec=duplicates.radius_arcsec,
        user=access.user,
    )
    named = next((one for one in known if one.by == BY_NAME), None)
    if named is not None and duplicates.action == SKIP:
        raise LeftOutError(f"{names[0]} is there already as {named.name}: left out.")
    near = known[0] if known else None
    if named is not None or near is None:
        return asked.make_target(raw, access)
    where = f"{names[0]} lies {near.separation_arcsec:.2f}″ from {near.name}"
    if duplicates.action == SKIP:
        raise LeftOutError(f"{where}: left out.")
    if duplicates.action == MERGE:
        return _given(near, names, where, access)
    kept = asked.make_target(raw, access)
    return KeptTarget(kept.target, kept.is_new, [*kept.notes, f"{where}: both are kept."])


def _given(near: KnownTarget, names: Sequence[str], where: str, access: Access) -> KeptTarget:
    rows: Any = Target._default_manager.filter(pk=near.pk)
    if access.user is not None:
        rows = targets_for_user(access.user, rows, "change_target")
    target = rows.first()
    if target is None:
        raise LeftOutError(f"{where}, which you may not change: left out.")
    with change_set(access.user, kind="query", title=f"{names[0]} is {near.name}"):
        notes = keep_aliases(target, names).notes
    return KeptTarget(target, False, [f"{where}: it is taken for the same.", *notes])
