"""Names that plugins import from here; what they do stands in other modules."""

from __future__ import annotations

import tempfile
from io import StringIO
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from tom_targets.models import Target
from tom_targets.sky_search import cone
from tom_targets.transfer.exporting import Export
from tom_targets.transfer.importing import import_file
from tom_targets.transfer.input_files import CSV, FileError
from tom_targets.transfer.kept_files import sample_of
from tom_targets.transfer.mapping import propose
from tom_targets.transfer.options import ImportOptions
from tom_targets.transfer.reading import open_table
from tom_targets.transfer.writers import csv_chunks


def cone_search_filter(queryset: QuerySet, ra: float, dec: float, radius: float) -> QuerySet:
    """Return the targets within a circle, annotated with ``separation`` in degrees.

    Parameters
    ----------
    queryset : QuerySet of targets
    ra, dec, radius : float
        ICRS position and radius, all in degrees.
    """
    return cone(queryset, ra_deg=float(ra), dec_deg=float(dec), radius_arcsec=float(radius) * 3600.0)


def export_targets(qs: QuerySet, user: Any = None) -> StringIO:
    """Return targets as CSV: fields, aliases (``name2``, ``name3``, ...), extra fields by key.

    Parameters
    ----------
    qs : QuerySet
        Targets, or ``values()`` of targets.
    user : User, optional
        Whose lists and groups are told, too; without one none is.
    """
    targets = Target._default_manager.filter(pk__in=qs.order_by().values("pk"))
    content = b"".join(csv_chunks(Export(targets, user=user or AnonymousUser())))
    return StringIO(content.decode())


def import_targets(targets: Any, user: Any = None) -> dict[str, list[Any]]:
    """Store the targets of a CSV file, row by row; rows that are wrong or there already are told as errors.

    Parameters
    ----------
    targets : file
        Text or bytes, open for reading.
    user : User, optional
        Who imports: gets access to the targets; without one nobody does.

    Returns
    -------
    dict
        ``targets``: the stored targets; ``errors``: a sentence for each row that was left out.
    """
    content = targets.read()
    with tempfile.TemporaryDirectory(prefix="targets-") as scratch:
        path = Path(scratch) / "input.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        try:
            sample = sample_of(open_table(path, path.name, scratch=Path(scratch), format=CSV))
            reader = open_table(path, path.name, scratch=Path(scratch), format=CSV)
            mapping = propose(reader.columns, sample)
            report = import_file(reader, mapping, ImportOptions(), user=user, title="Import of targets")
        except FileError as error:
            return {"targets": [], "errors": [str(error)]}
    stored = Target._default_manager.in_bulk(report.target_pks)
    errors = [f"Error on row {problem.row}: {problem.reason}" for problem in report.problems]
    return {"targets": [stored[pk] for pk in report.target_pks if pk in stored], "errors": errors}
