"""Runs an ingest: batches in, one transaction each, counts out; killed, a second run completes it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from django.db import OperationalError, transaction

from tom_common.bulk import insert_new
from tom_common.history import ChangeRun, change_run
from tom_common.hooks import run_hook
from tom_dataproducts.models import AstrometryReducedDatum, PhotometryReducedDatum
from tom_dataproducts.persistent_sharing import share_soon
from tom_dataproducts.summaries import mark_stale, refresh_summaries
from tom_dataservices import conf
from tom_dataservices.ingest.cutouts import CutoutSet, save_cutouts
from tom_dataservices.ingest.known import KnownPoints
from tom_dataservices.ingest.options import IngestOptions
from tom_dataservices.ingest.points import astrometry_columns, photometry_columns
from tom_dataservices.ingest.report import IngestReport
from tom_dataservices.ingest.screening import screened
from tom_dataservices.ingest.targets import merge_objects, target_ids
from tom_dataservices.models import RejectedPacket
from tom_dataservices.packets import read_alert_batches, total_bytes
from tom_dataservices.packets.batch import AlertBatch, Rejection
from tom_targets.models import Target

logger = logging.getLogger(__name__)

KEPT_BYTES = 4_000_000
_TRIES = 3
_SUMMARIES_EVERY = 50

Progress = Callable[[IngestReport], None]


class DryRunOver(Exception):
    """Takes back what a dry run did."""


def ingest_packets(
    paths: Sequence[Path | str], options: IngestOptions, *, on_progress: Progress | None = None
) -> IngestReport:
    """Ingest files, archives and folders of alert packets.

    Parameters
    ----------
    paths : sequence of path
        Avro object containers, gzip and tar of them, single framed packets, folders.
    options : IngestOptions
    on_progress : callable, optional
        Called with the report after every batch; may raise to stop between two batches.

    Returns
    -------
    IngestReport

    Raises
    ------
    FileNotFoundError
        If a path does not exist. A broken packet raises nothing: it is reported and kept aside.
    """
    whole, read = total_bytes(paths), 0

    def count(size: int) -> None:
        nonlocal read
        read += size

    def tell(report: IngestReport) -> None:
        report.fraction = min(1.0, read / whole) if whole else None
        if on_progress is not None:
            on_progress(report)

    batches = read_alert_batches(
        paths,
        schemas_dir=options.schemas_dir,
        schema_file=options.schema_file,
        default_schemas_dir=conf.alert_schemas_dir(),
        batch_size=options.batch_size,
        progress=count,
        file_names_only=options.file_names_only,
    )
    return ingest_batches(batches, options, on_progress=tell, title=_title(paths))


def _title(paths: Sequence[Path | str]) -> str:
    names = [Path(path).name for path in paths]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"Alerts of {names[0]}{more}" if names else ""


def ingest_batches(
    batches: Iterable[AlertBatch],
    options: IngestOptions,
    *,
    on_progress: Progress | None = None,
    title: str = "",
) -> IngestReport:
    """Ingest alert batches, one transaction each, all in one change set; see ``ingest_packets``."""
    total = IngestReport()
    run = change_run(options.user, kind="ingest", title=title)
    touched: set[int] = set()
    if options.dry_run:
        try:
            with transaction.atomic():
                _ingest_each(batches, options, total, touched, on_progress, run)
                raise DryRunOver
        except DryRunOver:
            return total
    try:
        _ingest_each(batches, options, total, touched, on_progress, run)
    finally:
        if touched:
            refresh_summaries(sorted(touched))
    return total


def _ingest_each(
    batches: Iterable[AlertBatch],
    options: IngestOptions,
    total: IngestReport,
    touched: set[int],
    on_progress: Progress | None,
    run: ChangeRun,
) -> None:
    for batch in batches:
        report, changed = ingest_batch(batch, options, run)
        total.add(report)
        touched |= changed
        if not options.dry_run and total.batches % _SUMMARIES_EVERY == 0 and touched:
            refresh_summaries(sorted(touched))
            touched.clear()
        if on_progress is not None:
            on_progress(total)


def ingest_batch(
    batch: AlertBatch,
    options: IngestOptions,
    run: ChangeRun,
    *,
    screens: bool = True,
    known: KnownPoints | None = None,
) -> tuple[IngestReport, set[int]]:
    """Store one batch in one transaction; tried again where the database broke off two writers at odds.

    Parameters
    ----------
    batch : AlertBatch
    options : IngestOptions
    run : ChangeRun
    screens : bool
        Let filters look at it.
    known : KnownPoints, optional
        Points that need not be offered; those of this batch are added once it is committed.

    Returns
    -------
    report : IngestReport
    changed : set of int
        Targets that received new photometry.
    """
    tries_left = _TRIES
    while True:
        tries_left -= 1
        try:
            with run.part():
                return _store(batch, options, screens=screens, known=known)
        except OperationalError:
            if not tries_left or transaction.get_connection().in_atomic_block:
                raise
            logger.warning("batch of %s alerts is tried again", batch.received, exc_info=True)


def _store(
    batch: AlertBatch, options: IngestOptions, *, screens: bool, known: KnownPoints | None
) -> tuple[IngestReport, set[int]]:
    report = IngestReport(received=batch.received, batches=1)
    for rejection in batch.rejected:
        report.reject(str(rejection))
    keep_aside(batch.rejected, options.user)
    merged = merge_objects(batch.objects)
    verdicts = screened(batch, options) if screens and not options.dry_run else []
    found, created = target_ids(merged, options, report)
    if created:
        transaction.on_commit(lambda: _announce(created))
    owners = np.full(len(batch.objects), -1, dtype=np.int64)
    for name, facts in merged.items():
        owners[facts.indices] = found.get(name, -1)
    report.candidates = sum(verdict.keep(found) for verdict in verdicts)
    source = f"{batch.survey} (simulated)" if options.simulated or batch.is_simulated else batch.survey
    columns, repeated = photometry_columns(batch, owners, source_name=source, known=known)
    counts = insert_new(PhotometryReducedDatum, columns)
    if known is not None and not counts.rejected:
        transaction.on_commit(partial(known.add, columns["target_id"], columns["point_key"]))
    moving = np.array([not item.is_sidereal for item in batch.objects], dtype=bool)
    positions = insert_new(
        AstrometryReducedDatum, astrometry_columns(batch, owners, moving, source_name=source)
    )
    report.new_data = counts.inserted + positions.inserted
    report.duplicates = repeated + counts.duplicate + positions.duplicate
    changed = set(owners[owners >= 0].tolist()) if counts.inserted else set()
    if changed:
        mark_stale(sorted(changed))
    if report.new_data:
        share_soon(owners[owners >= 0].tolist())
    if not options.dry_run:
        sets = [
            CutoutSet(int(owner), batch.survey, item)
            for owner, item in zip(owners.tolist(), batch.objects, strict=True)
            if owner >= 0 and item.cutouts
        ]
        report.cutouts = save_cutouts(sets, keep_all=options.all_cutouts)
    return report, changed


def _announce(pks: list[int]) -> None:
    for target in Target._default_manager.filter(pk__in=pks):
        run_hook("target_post_save", target=target, created=True)


def keep_aside(rejections: Sequence[Rejection], user: Any) -> None:
    """Keep packets that could not be read; one that is kept already stays as it is."""
    rows = []
    for rejection in rejections:
        kept = bytes(rejection.content[:KEPT_BYTES])
        owner = getattr(user, "pk", None)
        mark = hashlib.sha256(f"{owner}\0{rejection.file}\0{rejection.number}\0".encode() + kept).hexdigest()
        rows.append(
            RejectedPacket(
                file=rejection.file[-255:],
                number=rejection.number,
                reason=rejection.reason,
                content=kept,
                digest=mark,
                user=user,
            )
        )
    RejectedPacket.objects.bulk_create(rows, ignore_conflicts=True, batch_size=20)
