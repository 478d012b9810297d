"""Keeps lists of positions, compares them with the targets, and gives the result to whoever may see it.

Called by the pages of the cross-match, its task, and the REST API. What is kept of a hit is the key of the
target and the distance; its name is looked up with the rights of whoever reads the result.
"""

from __future__ import annotations

import csv
import io
import math
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import QuerySet

from tom_common.spreadsheets import no_formula
from tom_targets.cross_match import Pairs, TooManyPairsError, pairs_within
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user
from tom_targets.position_lists import PositionList, looks_like_table, read_list
from tom_targets.sky_models import CrossMatch
from tom_targets.transfer.input_files import FileError, copy_in

FOLDER = "cross_matches"
MAX_RADIUS_ARCSEC = 36_000.0
RESULT_COLUMNS = (
    "row",
    "name",
    "ra",
    "dec",
    "target_id",
    "target",
    "target_ra",
    "target_dec",
    "separation_arcsec",
)
_CHUNK = 1000


class ResultRow(NamedTuple):
    """One line of the result: a row of the list, and the target near it or None."""

    row: int
    name: str
    ra_deg: float | None
    dec_deg: float | None
    pk: int | None
    target: str
    target_ra_deg: float | None
    target_dec_deg: float | None
    separation_arcsec: float | None


def cross_matches_for_user(user: Any) -> QuerySet[CrossMatch]:
    """Return the cross-matches that a user may see: the own ones, all for a superuser."""
    if not user.is_authenticated:
        return CrossMatch.objects.none()
    return CrossMatch.objects.all() if user.is_superuser else CrossMatch.objects.filter(user=user)


def keep_list(user: Any, *, file: Any = None, text: str = "", **options: Any) -> CrossMatch:
    """Keep a list of positions for a comparison.

    Parameters
    ----------
    user : User
    file : UploadedFile, optional
    text : str
        What was pasted, where there is no file.
    **options
        Fields of `CrossMatch`: ``radius_arcsec``, ``is_nearest``, ``ra_column``, ``dec_column``.
    """
    if file is not None:
        name, content = PurePosixPath(str(file.name)).name[:255], file
    else:
        name, content = "pasted positions", ContentFile(text.encode())
        if looks_like_table(text):
            name = "pasted table.csv"
    stored = default_storage.save(f"{FOLDER}/{uuid.uuid4().hex}/list", content)
    return CrossMatch.objects.create(user=user, name=name, stored_list=stored, **options)


def run(kept: CrossMatch, *, on_progress: Callable[[str], None] | None = None) -> CrossMatch:
    """Compare a kept list with the targets that its owner may see, and keep the result; safe to run twice.

    Raises
    ------
    FileError
        If the list cannot be read, or has too many hits; the reason is kept.
    """
    tell = on_progress or (lambda words: None)
    try:
        tell("Reading the list")
        positions = _positions_of(kept)
        tell(f"Comparing {len(positions):,} positions")
        pairs = pairs_within(
            targets_for_user(kept.user, Target.objects.all(), "view_target"),
            ra_deg=np.array(positions.ra_deg),
            dec_deg=np.array(positions.dec_deg),
            radius_arcsec=kept.radius_arcsec,
            nearest=kept.is_nearest,
        )
    except (FileError, TooManyPairsError) as error:
        text = str(error)
        kept.result = {"error": f"{text[:1].upper()}{text[1:].rstrip('.')}."}
        kept.save(update_fields=["result"])
        raise FileError(kept.result["error"]) from error
    old, kept.stored_result = kept.stored_result, _store(kept, positions, pairs)
    kept.result = {
        "rows": len(positions),
        "wrong": positions.wrong_count,
        "matched": len(np.unique(pairs.row)),
        "pairs": len(pairs.row),
        "problems": positions.problems,
    }
    kept.save(update_fields=["stored_result", "result"])
    if old:
        default_storage.delete(old)
    return kept


def _positions_of(kept: CrossMatch) -> PositionList:
    with tempfile.TemporaryDirectory(prefix="positions-") as scratch:
        path = Path(scratch) / "list"
        try:
            with default_storage.open(kept.stored_list, "rb") as source:
                copy_in(source, path)
        except FileNotFoundError as error:
            raise FileError("The list is gone from the storage; upload it again.") from error
        return read_list(path, kept.name, ra_column=kept.ra_column, dec_column=kept.dec_column)


def _store(kept: CrossMatch, positions: PositionList, pairs: Pairs) -> str:
    """Keep one line a hit, and one for each position without; return where it lies."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    starts = np.searchsorted(pairs.row, np.arange(len(positions) + 1)).tolist()
    pks, distances = pairs.pk.tolist(), pairs.separation_arcsec.tolist()
    for row, (name, ra, dec) in enumerate(
        zip(positions.names, positions.ra_deg, positions.dec_deg, strict=True)
    ):
        place = ["", ""] if math.isnan(ra) or math.isnan(dec) else [repr(ra), repr(dec)]
        hits = range(starts[row], starts[row + 1])
        for hit in hits:
            writer.writerow([row + 1, name, *place, pks[hit], f"{distances[hit]:.6f}"])
        if not hits:
            writer.writerow([row + 1, name, *place, "", ""])
    folder = PurePosixPath(kept.stored_list).parent
    return default_storage.save(f"{folder}/result.csv", ContentFile(buffer.getvalue().encode()))


def result_rows(kept: CrossMatch, user: Any, *, only_hits: bool = False) -> Iterator[ResultRow]:
    """Yield the result as a user may see it: a target that is hidden from them by now is no hit.

    Parameters
    ----------
    kept : CrossMatch
    user : User
    only_hits : bool
        Leave out positions without a target near them.
    """
    if not kept.stored_result:
        return
    with default_storage.open(kept.stored_result, "rb") as file:
        lines = csv.reader(io.TextIOWrapper(file, "utf-8", newline=""))
        while chunk := list(islice(lines, _CHUNK)):
            yield from _with_targets(chunk, user, only_hits=only_hits)


def result_is_lost(kept: CrossMatch) -> bool:
    """Tell whether there was a result that the storage has no longer."""
    return bool(kept.stored_result) and not default_storage.exists(kept.stored_result)


def _with_targets(lines: Sequence[list[str]], user: Any, *, only_hits: bool) -> Iterator[ResultRow]:
    pks = {int(line[4]) for line in lines if line[4]}
    rows = targets_for_user(user, Target.objects.filter(pk__in=pks), "view_target")
    known = {pk: rest for pk, *rest in rows.values_list("pk", "name", "ra", "dec")} if pks else {}
    for row, name, ra, dec, key, distance in lines:
        target = known.get(int(key)) if key else None
        if target is None and (only_hits or key):
            if only_hits:
                continue
            key = distance = ""
        hit = (int(key), *target, float(distance)) if target else (None, "", None, None, None)
        yield ResultRow(int(row), name, float(ra) if ra else None, float(dec) if dec else None, *hit)


def csv_lines(kept: CrossMatch, user: Any) -> Iterator[str]:
    """Yield the result as CSV: each position with each of its targets, or with none."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(RESULT_COLUMNS)
    for number, found in enumerate(result_rows(kept, user)):
        cells = ["" if value is None else value for value in found]
        writer.writerow([no_formula(cell) if isinstance(cell, str) else cell for cell in cells])
        if number % _CHUNK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def discard(kept: CrossMatch) -> None:
    """Forget a comparison, its list and its result."""
    for name in (kept.stored_list, kept.stored_result):
        if name:
            default_storage.delete(name)
    kept.delete()
