"""Takes one file that a person or a program sent: finds out its type, stores it, and has it read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from tom_dataproducts import processing, readings, services
from tom_dataproducts.formats import FormatError, Mapping, Recognition, recognise
from tom_dataproducts.models import DataProduct, DataUpload
from tom_dataproducts.upload_forms import FIND_OUT, PLAIN
from tom_dataproducts.uploads import UploadRefusedError, check_size, store_upload

STORED, KNOWN, REFUSED = "stored", "known", "refused"


@dataclass(frozen=True)
class Outcome:
    """What became of one file of an upload.

    Attributes
    ----------
    text : str
        A sentence that names the file.
    fate : str
        `STORED`, `KNOWN` (nothing changed) or `REFUSED` (nothing is stored).
    product : DataProduct, optional
    upload : DataUpload, optional
        Of a file that is new; of one that was refused after reading no row is stored.
    """

    text: str
    fate: str
    product: DataProduct | None = None
    upload: DataUpload | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has to look at how the file is understood."""
        return self.upload is not None and self.upload.is_waiting

    @property
    def url(self) -> str:
        """Address of the page of the file, '' if there is none."""
        return self.upload.get_absolute_url() if self.upload else ""


def receive_file(
    file: Any,
    *,
    values: dict[str, Any],
    type_choice: str,
    at_once: bool,
    user: Any,
    groups: Sequence[Group] = (),
    accept_doubts: bool = False,
    mapping: Mapping | None = None,
    on_bad_rows: str = processing.ALL_OR_NOTHING,
    keep_unread: bool = True,
) -> Outcome:
    """Store a file for a target, and read it if that needs no question.

    Parameters
    ----------
    file : UploadedFile
    values : dict
        Fields of the data product: ``target`` (the caller has asked whether the user may add to it), and
        perhaps ``observation_record``, ``product_id``, ``extra_data``.
    type_choice : str
        A type of data products, `PLAIN`, or `FIND_OUT`.
    at_once : bool
        Store what is understood without doubt; else the user looks at it first.
    user : User
    groups : sequence of Group
        Given access besides, where files have permissions of their own.
    accept_doubts : bool
        Store at once what is understood with doubts, too.
    mapping : Mapping, optional
        How the file is read, in place of how it is recognised.
    on_bad_rows : str
        What becomes of a file that is read at once, if some of its rows are wrong.
    keep_unread : bool
        Whether a file that is read at once, and cannot be, stays for its user to look at; otherwise it is
        refused, and `Outcome.upload` holds what is wrong with its rows.

    Raises
    ------
    TakenError
    """
    name = str(file.name)
    try:
        check_size(file)
        data_product_type, found = _recognised(file, type_choice, mapping)
        fields = {**values, "data": file, "data_product_type": data_product_type}
        stored = store_upload(fields, user=user, groups=groups)
    except UploadRefusedError as error:
        return Outcome(str(error), REFUSED)
    except FormatError as error:
        return Outcome(f"{name}: {error} To keep it as it is, say that it is a plain file.", REFUSED)
    except ValidationError as error:
        return Outcome(f"{name}: {' '.join(error.messages)}", REFUSED)
    if not stored.is_new:
        return Outcome(known_text(name, stored.product), KNOWN, stored.product)
    product, name = stored.product, str(stored.product)
    upload = readings.upload_for(product, user=user)
    if readings.own_processor(data_product_type):
        return _read(upload, None, on_bad_rows, user, keep_unread=False)
    if not readings.kind_of(data_product_type):
        reason = f" as a plain file. {found.problems[-1]}" if found is not None and found.problems else "."
        return Outcome(f"{name} is stored{reason}", STORED, product, upload)
    wanted = mapping or (found.mapping() if found is not None else None)
    if at_once and (accept_doubts or mapping is not None or (found is not None and not found.problems)):
        return _read(upload, wanted, on_bad_rows, user, keep_unread=keep_unread)
    upload.mapping = wanted.as_json() if wanted is not None else {}
    upload.state = DataUpload.State.WAITING
    upload.save(update_fields=["mapping", "state"])
    return Outcome(f"{name} waits: look at how it is understood, then store it.", STORED, product, upload)


def _read(
    upload: DataUpload, mapping: Mapping | None, on_bad_rows: str, user: Any, *, keep_unread: bool
) -> Outcome:
    """Read a stored file; one that cannot be read is taken away again, unless it is kept."""
    product, name = upload.product, str(upload.product)
    begun = readings.start_reading(product, mapping=mapping, on_bad_rows=on_bad_rows, user=user)
    if begun.job is not None and not begun.job.is_finished:
        text = f"{name} is stored, and read in the background."
        return Outcome(text, STORED, product, begun.upload)
    if begun.upload.state == DataUpload.State.FAILED and not (keep_unread and mapping is not None):
        services.delete_data_product(product, for_good=True)
        return Outcome(
            f"{name}: {begun.upload.sentence()} The file is not kept.", REFUSED, upload=begun.upload
        )
    return Outcome(f"{name}: {begun.upload.sentence()}", STORED, product, begun.upload)


def known_text(name: str, product: DataProduct) -> str:
    """Say which file has the same content."""
    return (
        f"{name} is there already, as {product} of {product.created:%Y-%m-%d %H:%M} UTC; nothing was changed."
    )


def _recognised(file: Any, type_choice: str, mapping: Mapping | None) -> tuple[str, Recognition | None]:
    """Return the type of a file, and what it was recognised as where somebody asked.

    Raises
    ------
    FormatError
        If it cannot be what it is said to be.
    """
    if type_choice == PLAIN:
        return "", None
    if type_choice != FIND_OUT:
        kind = readings.kind_of(type_choice)
        is_asked = bool(kind) and mapping is None
        return type_choice, recognise(file, str(file.name), kind) if is_asked else None
    found = recognise(file, str(file.name))
    return readings.type_for(found.kind), found
