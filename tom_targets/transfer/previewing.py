"""The first rows of a file as they are understood, in words for the preview page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_targets.formats import significant
from tom_targets.transfer.input_table import SKIPPED
from tom_targets.transfer.mapping import UNITS
from tom_targets.transfer.parsing import Rows
from tom_targets.transfer.planning import Plan

SHOWN_ROWS = 12


@dataclass
class PreviewRow:
    """One row: what was understood, what becomes of it, and why not if it is left out."""

    number: int
    name: str
    type: str
    ra: str
    dec: str
    degrees: str
    others: list[tuple[str, str]]
    fate: str
    reasons: list[str]


def preview_rows(rows: Rows, plan: Plan) -> list[PreviewRow]:
    """Return the first rows as they are understood."""
    reasons: dict[int, list[str]] = {}
    fates: dict[int, str] = {}
    for problem in plan.rows.problems:
        reasons.setdefault(problem.row, []).append(problem.reason)
        fates[problem.row] = "skip" if problem.kind == SKIPPED else "wrong"
    new = set(plan.create)
    found = []
    for place in range(min(len(rows), SHOWN_ROWS)):
        number = rows.numbers[place]
        fate = fates.get(number) or ("create" if place in new else "update")
        found.append(_row(rows, plan, place, fate, reasons.get(number, [])))
    return found


def _row(rows: Rows, plan: Plan, place: int, fate: str, reasons: list[str]) -> PreviewRow:
    ra, dec = (float(rows.floats[name][place]) if name in rows.floats else np.nan for name in ("ra", "dec"))
    has_position = bool(np.isfinite(ra + dec))
    given = rows.texts.get("type")
    return PreviewRow(
        rows.numbers[place],
        rows.names[place],
        plan.types.get(place) or (given[place] if given else ""),
        ra_to_hms(ra) if has_position else "",
        dec_to_dms(dec) if has_position else "",
        f"{ra:.6f} {dec:+.6f}" if has_position else "",
        list(_others(rows, place)),
        fate,
        reasons,
    )


def _others(rows: Rows, place: int) -> Any:
    for name, column in rows.floats.items():
        if name not in ("ra", "dec") and np.isfinite(column[place]):
            unit = UNITS.get(name, "").replace(" ", "")
            yield name, f"{significant(float(column[place]), 10)} {unit}".strip()
    for name, texts in rows.texts.items():
        if texts[place] and name != "type":
            yield name, texts[place]
    for label, names in (
        ("aliases", rows.aliases.get(place)),
        ("lists", rows.lists.get(place)),
        ("groups", rows.groups.get(place)),
    ):
        if names:
            yield label, ", ".join(names)
    for key, texts in rows.extras.items():
        if texts[place]:
            yield key, texts[place]
