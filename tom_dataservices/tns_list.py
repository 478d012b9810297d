"""Reads the daily list of the Transient Name Server into a table: ``read_new_files``, ``read_file``.

Called by the periodic task and by ``manage.py readtnslist``. A row counts where it is newer than ours, so
that a file may be read twice, and files in any order.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from tom_common.astro.sky_index import NO_POSITION, sky_index
from tom_common.bulk import insert_new
from tom_dataservices.clients.broker import magnitude, number, text, whole
from tom_dataservices.clients.tns_files import ALL, TnsFiles, name_of_day, rows_of
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.models import TnsListRead, TnsName, TnsObject
from tom_targets.derived import simplify_names

logger = logging.getLogger(__name__)

_BATCH = 1000
_DAYS_KEPT = 25
"""TNS keeps the files of days for a month; who is further behind reads the file of all transients."""
_TOLD = 20
_ALL_START = ALL.removesuffix(".zip")
_COLUMNS = (
    *("objid", "prefix", "name", "ra", "dec", "sky_index", "redshift", "type_id", "type_name", "discovered"),
    *("discovery_mag", "discovery_filter", "reporting_group", "source_group", "internal_names", "modified"),
)
_OFFICIAL = re.compile(r"(?:at|sn|frb|tde|fbot)((?:\d{4}){1,2}[a-z]+)")  # bursts bear their whole date
_RUBIN = re.compile(r"lssta?pdo(\d+)")
Tell = Callable[[str], None]


@dataclass
class ListReport:
    """What became of files: names, rows, those that were new or newer, those left out and why.

    `newest` is the last change (UTC) that any of the usable rows tells.
    """

    files: list[str] = field(default_factory=list)
    rows: int = 0
    changed: int = 0
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)
    newest: dt.datetime | None = None

    def summary(self) -> str:
        """Return the numbers as a sentence."""
        files = ", ".join(self.files) or "no file"
        return f"{files}: {self.rows:,} rows, {self.changed:,} new or changed, {self.rejected:,} left out"


def plain_key(name_key: str) -> str:
    """Return a simplified name as the table has it.

    An official one loses its prefix; ``LSST-P-DO-`` and ``LSST-AP-DO-`` before a diaObjectId are the same.
    """
    official = _OFFICIAL.fullmatch(name_key)
    if official:
        return official[1]
    rubin = _RUBIN.fullmatch(name_key)
    return f"lsstdo{rubin[1]}" if rubin else name_key


def covered_until() -> dt.date | None:
    """Return the last day (UTC) whose changes the table holds; None if it was never filled."""
    return TnsListRead.objects.order_by("-day").values_list("day", flat=True).first()


def read_new_files(*, everything: bool = False, tell: Tell = lambda words: None) -> ListReport:
    """Fetch and read what TNS has made since the last time: files of days, or that of all transients.

    Parameters
    ----------
    everything : bool
        Read the file of all transients in any case.
    tell : callable
        Called with a sentence after each batch; what it raises ends the reading between two batches.

    Raises
    ------
    NotConfiguredError, RemoteError
        If TNS does not give the files; what was read before stays.
    """
    report = ListReport()
    yesterday = timezone.now().astimezone(dt.UTC).date() - dt.timedelta(days=1)
    # It is made some time after midnight, so that the one that lies there now may lack yesterday.
    in_all = yesterday - dt.timedelta(days=1)
    last = covered_until()
    if everything or last is None or (yesterday - last).days > _DAYS_KEPT:
        _read(io.BytesIO(TnsFiles().fetch(ALL)), ALL, in_all, report, tell)
        last = in_all
    for day in _days(last, yesterday):
        name = name_of_day(day)
        try:
            content = TnsFiles().fetch(name)
        except MissingDataException:
            if day < yesterday:  # else it is not made yet
                _read(io.BytesIO(TnsFiles().fetch(ALL)), ALL, in_all, report, tell)
            break
        _read(io.BytesIO(content), name, day, report, tell)
    return report


def read_file(file: IO[bytes], name: str, *, tell: Tell = lambda words: None) -> ListReport:
    """Read a file that somebody has fetched.

    That of all transients, known by its name, completes the table up to the day before its last change.

    Raises
    ------
    RemoteBadReply
        If it is no file of the list.
    """
    report = ListReport()
    _read(file, name, None, report, tell)
    if name.startswith(_ALL_START) and report.newest is not None:
        _note_read(name, report.newest.date() - dt.timedelta(days=1), report)
    return report


def _days(last: dt.date, until: dt.date) -> Iterator[dt.date]:
    for number_of_days in range(1, (until - last).days + 1):
        yield last + dt.timedelta(days=number_of_days)


def _read(file: IO[bytes], name: str, day: dt.date | None, report: ListReport, tell: Tell) -> None:
    before = ListReport(rows=report.rows, changed=report.changed, rejected=report.rejected)
    report.files.append(name)
    content = rows_of(file, name)
    while rows := list(islice(content, _BATCH)):
        with transaction.atomic():
            report.changed += _keep(_usable(rows, report))
        tell(report.summary())
    if report.rows == before.rows:
        logger.warning("%s of TNS held no row", name)
    if day is not None:
        of_file = ListReport(
            rows=report.rows - before.rows,
            changed=report.changed - before.changed,
            rejected=report.rejected - before.rejected,
        )
        _note_read(name, day, of_file)


def _note_read(name: str, day: dt.date, report: ListReport) -> None:
    values = {"rows": report.rows, "changed": report.changed, "rejected": report.rejected}
    TnsListRead.objects.update_or_create(
        file=name[:100], defaults={"day": day, "read_at": timezone.now(), **values}
    )


def _usable(rows: Iterable[dict[str, Any]], report: ListReport) -> dict[int, tuple[Any, ...]]:
    """Return the rows as they are stored, by number; of a repeated one the newest."""
    found: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        report.rows += 1
        try:
            stored = _stored(row)
        except ValueError as error:
            report.rejected += 1
            if len(report.reasons) < _TOLD:
                report.reasons.append(f"{row.get('name') or row.get('objid') or 'a row'}: {error}")
            continue
        report.newest = max(report.newest or stored[-1], stored[-1])
        earlier = found.get(stored[0])
        if earlier is None or earlier[-1] <= stored[-1]:
            found[stored[0]] = stored
    return found


def _stored(row: dict[str, Any]) -> tuple[Any, ...]:
    objid, name = whole(row.get("objid")), text(row.get("name"))
    ra, dec = number(row.get("ra")), number(row.get("declination"))
    modified = _moment(row.get("lastmodified"))
    if not objid or not name or modified is None:
        raise ValueError("objid, name or lastmodified is missing")
    index = sky_index(ra, dec) if ra is not None and dec is not None else NO_POSITION
    if index == NO_POSITION:
        raise ValueError(f"{row.get('ra')} {row.get('declination')} is no position")
    return (
        objid,
        (text(row.get("name_prefix")) or "AT")[:10],
        name[:50],
        ra,
        dec,
        index,
        number(row.get("redshift")),
        whole(row.get("typeid")),
        (text(row.get("type")) or "")[:50],
        _moment(row.get("discoverydate")),
        magnitude(row.get("discoverymag")),
        (text(row.get("filter")) or "")[:50],
        (text(row.get("reporting_group")) or "")[:100],
        (text(row.get("source_group")) or "")[:100],
        text(row.get("internal_names")) or "",
        modified,
    )


def _moment(value: Any) -> dt.datetime | None:
    """Return a time as TNS writes it, in UTC; None for none."""
    written = text(value)
    if written is None or written.startswith("0000"):
        return None
    found = dt.datetime.fromisoformat(written)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _keep(rows: dict[int, tuple[Any, ...]]) -> int:
    """Store the rows that are new, or newer than ours, with their names; return how many."""
    known = dict(TnsObject.objects.filter(pk__in=rows).values_list("objid", "modified"))
    fresh = {key: row for key, row in rows.items() if key not in known or known[key] < row[-1]}
    if not fresh:
        return 0
    insert_new(TnsObject, _COLUMNS, fresh.values(), unique_fields=("objid",), update_fields=_COLUMNS[1:])
    changed = [key for key in fresh if key in known]
    if changed:
        TnsName.objects.filter(objid__in=changed).delete()
    insert_new(TnsName, ("objid", "name_key"), _names(fresh))
    return len(fresh)


def _names(rows: dict[int, tuple[Any, ...]]) -> list[tuple[int, str]]:
    place_name, place_internal = _COLUMNS.index("name"), _COLUMNS.index("internal_names")
    pairs = [
        (key, name.strip()[:100])
        for key, row in rows.items()
        for name in (row[place_name], *row[place_internal].split(","))
        if name.strip()
    ]
    keys = simplify_names([name for _, name in pairs])
    found = ((key, plain_key(simple)) for (key, _), simple in zip(pairs, keys, strict=True) if simple)
    return list(dict.fromkeys(found))
