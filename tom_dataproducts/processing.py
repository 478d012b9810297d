"""Reads a stored file and stores what it holds: after an upload, after a service answered, and once more.

``process_upload`` is the one way; pages, the API, services and ``run_data_processor`` call it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connections

from tom_common.history import change_set
from tom_dataproducts import conf, product_points
from tom_dataproducts.data_processor import DataProcessor
from tom_dataproducts.exceptions import InvalidFileFormatException
from tom_dataproducts.formats import (
    FormatError,
    Mapping,
    PhotometryTable,
    RowError,
    SpectraFound,
)
from tom_dataproducts.models import DataProduct, DataUpload
from tom_dataproducts.processor_results import rows_of
from tom_dataproducts.processors.photometry_processor import PhotometryProcessor
from tom_dataproducts.processors.spectroscopy_processor import SpectroscopyProcessor
from tom_dataproducts.registry import processors

logger = logging.getLogger(__name__)

ALL_OR_NOTHING, GOOD_ROWS = "all_or_nothing", "good_rows"
ON_BAD_ROWS = {
    ALL_OR_NOTHING: "Store nothing if a row is wrong",
    GOOD_ROWS: "Store the rows that are right",
}
"""What to do where rows are wrong, with words for a select."""

Progress = Callable[[str, float | None], None]
"""Told a sentence, and how much is done, from 0 to 1."""


@dataclass
class UploadReport:
    """What became of a file.

    Attributes
    ----------
    kind : str
        What was read: ``photometry``, ``spectroscopy``, or '' where the file is kept only.
    stored : int
        New points, spectra and other measurements.
    already_there : int
        Those that were stored before, by this file or another.
    removed : int
        Those that an earlier reading of this file had stored, and this one did not find again.
    superseded : int
        Stored points that points of this file stand for in plots, being of a newer reduction.
    left_out : int
        Rows without measurement, or flagged as bad by the file itself.
    bad_rows : int
        Rows that are wrong; the first thousand are in ``errors``.
    is_refused : bool
        Whether nothing was stored since rows are wrong.
    change_set_pk : int or None
        The change set that can be reverted, None where nothing changed.
    """

    kind: str = ""
    stored: int = 0
    already_there: int = 0
    removed: int = 0
    superseded: int = 0
    left_out: int = 0
    bad_rows: int = 0
    errors: list[RowError] = field(default_factory=list)
    is_refused: bool = False
    change_set_pk: int | None = None
    new_pks: list[tuple[Any, list[int]]] = field(default_factory=list, repr=False)

    @property
    def sentence(self) -> str:
        """What became of the file, in one line."""
        if self.is_refused:
            first = f" The first: {self.errors[0]}." if self.errors else ""
            return f"{_count(self.bad_rows, 'row')} cannot be read; nothing is stored.{first}"
        if not self.kind:
            return "The file is kept; nothing is read from it."
        noun = "spectrum" if self.kind == "spectroscopy" else "point"
        parts = [f"{_count(self.stored, noun)} stored"]
        for number, words in (
            (self.already_there, "already there"),
            (self.removed, "of an earlier reading removed"),
            (self.superseded, "superseded by a newer reduction"),
            (self.left_out, "left out"),
            (self.bad_rows, "wrong"),
        ):
            if number:
                parts.append(f"{number:,} {words}")
        return ", ".join(parts) + "."

    def as_json(self) -> dict[str, Any]:
        """Return counts and sentence as JSON holds them; the errors are apart."""
        names = (
            "kind",
            "stored",
            "already_there",
            "removed",
            "superseded",
            "left_out",
            "bad_rows",
            "is_refused",
        )
        return {**{name: getattr(self, name) for name in names}, "sentence": self.sentence}

    def errors_as_json(self) -> list[dict[str, Any]]:
        """Return the wrong rows as JSON holds them."""
        return [error.as_json() for error in self.errors]

    def new_rows(self) -> list[Any]:
        """Return the rows that are new."""
        rows: list[Any] = []
        for model, pks in self.new_pks:
            for start in range(0, len(pks), 500):
                rows += model._default_manager.filter(pk__in=pks[start : start + 500]).order_by("pk")
        return rows


def _count(number: int, noun: str) -> str:
    plural = {"spectrum": "spectra"}.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else plural}"


def process_upload(
    product: DataProduct,
    mapping: Mapping | None = None,
    on_bad_rows: str = ALL_OR_NOTHING,
    progress: Progress | None = None,
    *,
    user: Any = None,
    data_product_type: str | None = None,
) -> UploadReport:
    """Read a file by the processor of its type and store what it holds, in one change set.

    What is stored already stays, with its provenance. What an earlier reading of the same file stored and
    this one does not find is taken away, so that a file may be read again by another mapping.

    Parameters
    ----------
    product : DataProduct
        A stored file.
    mapping : Mapping, optional
        How to read it; by default as its upload says, else as it is recognised.
    on_bad_rows : str
        `ALL_OR_NOTHING` or `GOOD_ROWS`.
    progress : callable, optional
        Told (sentence, share that is done).
    user : User, optional
        Author of the change set; by default who acts in the request or job. Whether he may is not asked.
    data_product_type : str, optional
        A key of ``DATA_PROCESSORS`` to take instead of the file's type.

    Returns
    -------
    UploadReport

    Raises
    ------
    InvalidFileFormatException
        If the file cannot be read as what it is said to be; the text is for its owner.
    """
    if on_bad_rows not in ON_BAD_ROWS:
        raise ValueError(f"on_bad_rows is {on_bad_rows!r}; it has to be one of {', '.join(ON_BAD_ROWS)}")
    tell = progress or _silent
    mapping = mapping or _stored_mapping(product)
    kind = data_product_type or product.data_product_type
    if mapping is not None and kind not in conf.data_processors():
        kind = mapping.kind
    processor = processor_for(kind)
    read_as = getattr(processor, "kind", None)
    if mapping is not None and read_as is not None and mapping.kind != read_as:
        raise FormatError(f"The columns are those of {mapping.kind}, but files of this type are {read_as}.")
    tell("Reading the file", 0.0)
    found = _read(processor, product, mapping, kind)
    report = UploadReport(kind=_kind_of(processor, kind))
    if found is None:
        report.kind = ""
        return report
    if isinstance(found, PhotometryTable | SpectraFound):
        report.errors, report.bad_rows = found.errors, found.bad_rows
        report.left_out = getattr(found, "left_out", 0)
    if report.bad_rows and on_bad_rows == ALL_OR_NOTHING:
        report.is_refused = True
        return report
    tell("Storing", 0.4)
    _store(product, found, report, user)
    tell(report.sentence, 1.0)
    return report


def processor_for(data_product_type: str) -> DataProcessor:
    """Return the processor of a type of data product: one that reads nothing where none is named.

    Raises
    ------
    PluginError
        If the one that is named cannot be used.
    """
    known = data_product_type in conf.data_processors()
    return processors.get(data_product_type)() if known else DataProcessor()


def _silent(text: str, fraction: float | None) -> None:
    """Tell nobody."""


def _stored_mapping(product: DataProduct) -> Mapping | None:
    """Return the mapping that the upload of a file keeps, None where it keeps none."""
    told = DataUpload.objects.filter(product=product.pk).values_list("mapping", flat=True).first()
    return Mapping.from_json(told) if told else None


def _kind_of(processor: Any, kind: str) -> str:
    return str(processor.data_type_override() or getattr(processor, "kind", "") or kind)


def _read(processor: Any, product: DataProduct, mapping: Mapping | None, kind: str) -> Any:
    """Return what a file holds: a table, spectra, or rows; None where its processor reads nothing."""
    method = type(processor).process_data
    if method in (PhotometryProcessor.process_data, SpectroscopyProcessor.process_data):
        try:
            return processor.read(product, mapping)
        except (FileNotFoundError, OSError) as error:
            raise FormatError(f"The file cannot be opened: {error}") from error
    results = processor.process_data(product)
    if not results:
        return None
    return rows_of(results, product, processor.data_type_override() or kind)


def _store(product: DataProduct, found: Any, report: UploadReport, user: Any) -> None:
    name = product.get_file_name() or f"file {product.pk}"
    try:
        with change_set(user, kind="upload", title=f"Measurements of {name}") as changes:
            _lock(product)
            if isinstance(found, PhotometryTable):
                counts = product_points.replace_points(product, found, user=user)
            elif isinstance(found, SpectraFound):
                counts = product_points.replace_spectra(product, found.spectra, user=user)
            else:
                counts = product_points.replace_rows(product, found, user=user)
            changes.flush()
            report.change_set_pk = changes.pk
    except IntegrityError as error:
        raise InvalidFileFormatException("The target or the file was deleted meanwhile.") from error
    report.stored, report.already_there = counts.stored, counts.already_there
    report.removed, report.superseded = counts.removed, counts.superseded
    report.new_pks = counts.new_pks


def _lock(product: DataProduct) -> None:
    """Let nobody else read the same file until this transaction ends."""
    no_key = connections["default"].features.has_select_for_no_key_update
    rows = DataProduct.objects.select_for_update(no_key=no_key).filter(pk=product.pk)
    if rows.values_list("pk", flat=True).first() is None:
        raise InvalidFileFormatException("The file was deleted meanwhile.")
