"""Shares targets and their data with another TOM, or says what that would do; runs in a background task.

Nothing is made twice: a target is looked for by its names and its position there, a measurement among
those that are there, a file by its product id.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Model, QuerySet

from tom_common import conf as common_conf
from tom_common.background import current_job
from tom_common.remote import RemoteError
from tom_dataproducts.datum_shape import TABLES
from tom_dataproducts.models import DataProduct
from tom_dataproducts.permissions import data_products_for_user, reduced_data_for_user
from tom_dataproducts.sharing import wire
from tom_dataproducts.sharing.changes import changes_for, dropped
from tom_dataproducts.sharing.client import (
    ROWS_PER_POST,
    AmbiguousMatch,
    Match,
    RemoteTom,
    in_plain_words,
    stops_all,
)
from tom_dataproducts.sharing.report import Outcome, Report
from tom_dataproducts.sharing.request import DATA_PARTS, ShareRequest
from tom_targets.models import BaseTarget

_REASONS = 20


class SharingStopped(Exception):
    """Nothing else would succeed either; the cause is the `RemoteError`."""


class Sharing:
    """One run of sharing.

    Parameters
    ----------
    tom : RemoteTom
    request : ShareRequest
    user : User or None
        Who shares: only what this user may see goes out; None for the TOM itself.
    dry_run : bool
        Whether to say only what would be done.
    """

    def __init__(self, tom: RemoteTom, request: ShareRequest, *, user: Any, dry_run: bool) -> None:
        self.tom = tom
        self.request = request
        self.user = user
        self.dry_run = dry_run
        self.report = Report(request.destination, tom.label, dry_run)
        self._file_refusals: dict[str, str] = {}
        self._may_be_made = False

    def share_all(self, targets: Iterable[BaseTarget], total: int) -> Report:
        """Share targets one after the other; what stops one of them for good stops all."""
        job = current_job()
        done = 0
        for target in targets:
            job.check_cancelled()
            job.progress(done, total, target.name)
            try:
                self.share(target)
            except SharingStopped as stop:
                self.report.stopped = str(stop)
                self.report.retry_after_s = getattr(stop.__cause__, "retry_after_s", None)
                self.report.not_tried = total - done - 1
                job.log(str(stop))
                break
            done += 1
        job.progress(done, total, self.report.summary())
        return self.report

    def share(self, target: BaseTarget) -> None:
        """Share one target with the parts that the request names.

        Raises
        ------
        SharingStopped
        """
        try:
            match = self.tom.find(target)
        except AmbiguousMatch as error:
            self.report.add(target, "target", Outcome.REFUSED, text=str(error))
            return
        except RemoteError as error:
            raise self._stopped(target, "target", error) from error
        if match is None:
            remote = self._create(target)
            known_pk = remote["id"] if remote else None
            if remote is None and not self.dry_run:
                return
            if remote is None and not self._may_be_made:
                return
        else:
            remote, known_pk = match.remote, match.pk
            self._update(target, match)
        self._share_data(target, known_pk)
        if "files" in self.request.parts:
            self._share_files(target, remote)

    # --- the target

    def _payload(self, target: BaseTarget) -> wire.Payload:
        return wire.target_payload(
            target, parts=self.request.parts, list_names=self.request.list_names, user=self.user
        )

    def _create(self, target: BaseTarget) -> wire.Payload | None:
        """Make the target there and return it; None in a dry run, and where it was refused."""
        self._may_be_made = False
        if "target" not in self.request.parts:
            text = f"{self.tom.label} has no target of this name or at this position."
            self.report.add(target, "target", Outcome.REFUSED, text=text)
            return None
        payload = self._payload(target)
        remote = None
        try:
            if self.dry_run:
                refusal = self.tom.rehearse_target(payload)
                if refusal:
                    self.report.add(target, "target", Outcome.REFUSED, text=refusal)
                    return None
            else:
                remote = self.tom.create_target(payload)
        except RemoteError as error:
            self._refused(target, "target", error)
            return None
        self._may_be_made = True
        self.report.add(target, "target", Outcome.CREATED, text=_place(payload))
        self._note_parts(target, payload, remote)
        return remote

    def _note_parts(self, target: BaseTarget, payload: wire.Payload, remote: wire.Payload | None) -> None:
        """Note aliases, extra fields and lists of a new target; some TOMs drop those they do not like."""
        for what, key, label in (("aliases", "aliases", "name"), ("extras", "targetextra_set", "key")):
            wanted = [entry[label] for entry in payload[key]]
            stored = wanted
            if remote is not None and key in remote:
                there = {entry.get(label) for entry in remote[key]}
                stored = [name for name in wanted if name in there]
            dropped = [name for name in wanted if name not in stored]
            if stored:
                self.report.add(target, what, Outcome.CREATED, count=len(stored), text=", ".join(stored))
            if dropped:
                text = f"{self.tom.label} did not take: {', '.join(dropped)}."
                self.report.add(target, what, Outcome.REFUSED, count=len(dropped), text=text)
        names = [entry["name"] for entry in payload["target_lists"]]
        if names:
            self.report.add(target, "lists", Outcome.CREATED, count=len(names), text=", ".join(names))

    def _update(self, target: BaseTarget, match: Match) -> None:
        """Send what is missing there."""
        self.report.add(target, "target", Outcome.SAME, text=f"{match.remote.get('name')} {match.how}.")
        changes, items = changes_for(target, match.remote, self._payload(target), self.request)
        if not changes:
            for what, outcome, count, text in items:
                self.report.add(target, what, outcome, count=count, text=text)
            return
        remote = None
        try:
            if self.dry_run:
                refusal = self.tom.rehearse_target(changes, match.pk)
                if refusal:
                    self.report.add(target, "target", Outcome.REFUSED, text=refusal)
                    return
            else:
                remote = self.tom.change_target(match.pk, changes)
        except RemoteError as error:
            self._refused(target, "target", error)
            return
        for what, outcome, count, text in items:
            missing = dropped(what, changes, remote)
            if missing:
                words = f"{self.tom.label} did not take: {', '.join(missing)}."
                self.report.add(target, what, Outcome.REFUSED, count=len(missing), text=words)
            else:
                self.report.add(target, what, outcome, count=count, text=text)

    # --- measurements

    def _share_data(self, target: BaseTarget, remote_pk: int | None) -> None:
        wanted = [part for part in DATA_PARTS if part in self.request.parts]
        if not wanted:
            return
        try:
            known = {wire.identity(row) for row in self.tom.data_of(remote_pk)} if remote_pk else set()
        except RemoteError as error:
            self._refused(target, "data", error)
            return
        for part in wanted:
            current_job().check_cancelled()
            self._share_part(target, part, remote_pk, known)

    def _share_part(
        self, target: BaseTarget, part: str, remote_pk: int | None, known: set[wire.Identity]
    ) -> None:
        tally = _Tally()
        missing = (
            payload
            for payload in self._payloads(target, part, remote_pk)
            if not tally.counts_as_known(payload, known)
        )
        try:
            while batch := list(islice(missing, ROWS_PER_POST)):
                self._post(batch, tally, remote_pk)
                current_job().check_cancelled()
        except RemoteError as error:
            tally.add_to(self.report, target, part)
            raise self._stopped(target, part, error) from error
        tally.add_to(self.report, target, part)

    def _post(self, rows: list[wire.Payload], tally: _Tally, remote_pk: int | None) -> None:
        if self.dry_run and remote_pk is None:
            tally.created += len(rows)
            return
        posted = self.tom.post_data(rows, dry_run=self.dry_run)
        tally.created += posted.created
        tally.known += posted.known
        tally.refuse(rows, posted.refused)

    def _payloads(self, target: BaseTarget, part: str, remote_pk: int | None) -> Iterator[wire.Payload]:
        for rows in self._rows(target, part):
            for row in rows.order_by("timestamp", "pk").iterator(chunk_size=2000):
                yield wire.datum_payload(row, remote_target=remote_pk)

    def _rows(self, target: BaseTarget, part: str) -> Iterator[QuerySet]:
        """Yield what the user may see of the tables in which data of a kind lie."""
        for kind, model in TABLES:
            if kind is not None and kind != part:
                continue
            rows = self._visible(model).filter(target=target.pk)
            if kind is None:
                if part == "other":
                    for typed in wire.KINDS:
                        rows = rows.exclude(data_type__iexact=typed)
                else:
                    rows = rows.filter(data_type__iexact=part)
            if self.request.datum_ids is not None:
                is_chosen = part == "photometry" and kind is not None
                rows = rows.filter(pk__in=self.request.datum_ids) if is_chosen else rows.none()
            yield rows

    def _visible(self, model: type[Model]) -> QuerySet:
        rows = model._default_manager.all()
        if self.user is None:
            return rows
        return reduced_data_for_user(self.user, rows, f"view_{model._meta.model_name}")

    # --- files

    def _share_files(self, target: BaseTarget, remote: wire.Payload | None) -> None:
        products: QuerySet = DataProduct.objects.filter(target=target.pk).order_by("pk")
        if self.user is not None:
            products = data_products_for_user(self.user, products)
        if self.request.product_ids is not None:
            products = products.filter(pk__in=self.request.product_ids)
        found = list(products)
        if not found:
            return
        try:
            known = self.tom.product_ids_of(remote) if remote else set()
        except RemoteError as error:
            self._refused(target, "files", error)
            return
        for product in found:
            current_job().check_cancelled()
            self._share_file(target, product, remote, known)

    def _share_file(
        self, target: BaseTarget, product: DataProduct, remote: wire.Payload | None, known: set[str]
    ) -> None:
        fields = file_fields(product, remote["id"] if remote else None)
        name = product.get_file_name() if product.data else str(product)
        if not product.data:
            self.report.add(target, "file", Outcome.LEFT, text=f"{name}: it has no content here.")
        elif fields["product_id"] in known:
            self.report.add(target, "file", Outcome.SAME, text=name)
        elif not self._would_be_taken(target, product, name):
            return
        elif self.dry_run:
            self.report.add(target, "file", Outcome.CREATED, text=name)
        else:
            self._send_file(target, product, fields, name)

    def _send_file(self, target: BaseTarget, product: DataProduct, fields: dict[str, Any], name: str) -> None:
        try:
            with product.data.open("rb") as file:
                kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
                is_new = self.tom.post_file(fields, name, file, kind)
        except OSError:
            self.report.add(target, "file", Outcome.REFUSED, text=f"{name}: the file is missing here.")
        except RemoteError as error:
            self._refused(target, "file", error, name)
        else:
            self.report.add(target, "file", Outcome.CREATED if is_new else Outcome.SAME, text=name)

    def _would_be_taken(self, target: BaseTarget, product: DataProduct, name: str) -> bool:
        """Ask once for each type whether files of it are taken there, before any is sent."""
        kind = product.data_product_type
        try:
            if kind not in self._file_refusals:
                self._file_refusals[kind] = self.tom.rehearse_file(kind)
        except RemoteError as error:
            self._refused(target, "file", error, name)
            return False
        if refusal := self._file_refusals[kind]:
            self.report.add(target, "file", Outcome.REFUSED, text=f"{name}: {refusal}")
        return not refusal

    # --- refusals

    def _refused(self, target: BaseTarget, what: str, error: RemoteError, name: str = "") -> None:
        """Note a refusal and go on, unless whatever follows would be refused alike."""
        if stops_all(error):
            raise self._stopped(target, what, error) from error
        text = in_plain_words(error, self.tom.label)
        self.report.add(target, what, Outcome.REFUSED, text=f"{name}: {text}" if name else text)

    def _stopped(self, target: BaseTarget, what: str, error: RemoteError) -> SharingStopped:
        text = in_plain_words(error, self.tom.label)
        self.report.add(target, what, Outcome.REFUSED, text=text)
        return SharingStopped(text)


@dataclass
class _Tally:
    """What became of the measurements of one kind."""

    created: int = 0
    known: int = 0
    refused: int = 0
    reasons: dict[str, list[str]] = field(default_factory=dict)

    def counts_as_known(self, payload: wire.Payload, known: set[wire.Identity]) -> bool:
        """Tell whether a measurement is there already, or was sent before in this run, and count it."""
        if wire.is_known(payload, known):
            self.known += 1
            return True
        known.add(wire.identity(payload))
        return False

    def refuse(self, rows: list[wire.Payload], refused: dict[int, str]) -> None:
        self.refused += len(refused)
        for number, reason in refused.items():
            self.reasons.setdefault(reason, []).append(wire.describe(rows[number]))

    def add_to(self, report: Report, target: BaseTarget, what: str) -> None:
        if self.created:
            report.add(target, what, Outcome.CREATED, count=self.created)
        if self.known:
            report.add(target, what, Outcome.SAME, count=self.known)
        for reason, rows in list(self.reasons.items())[:_REASONS]:
            shown = "; ".join(rows[:3]) + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")
            report.add(target, what, Outcome.REFUSED, count=len(rows), text=f"{reason} ({shown})")
        rest = sum(len(rows) for rows in list(self.reasons.values())[_REASONS:])
        if rest:
            report.add(target, what, Outcome.REFUSED, count=rest, text="for further reasons")


def _place(payload: wire.Payload) -> str:
    if payload.get("ra") is None or payload.get("dec") is None:
        return str(payload["name"])
    return f"{payload['name']} at RA {payload['ra']:.6f}, Dec {payload['dec']:+.6f} deg"


def file_fields(product: DataProduct, remote_target: int | None) -> dict[str, Any]:
    """Return what is sent along with a file; its product id there is the same each time it is shared."""
    product_id = product.product_id or f"{common_conf.tom_name()[:200]} file {product.pk}"
    return {
        "product_id": product_id,
        "target": remote_target,
        "data_product_type": product.data_product_type,
        "extra_data": product.extra_data,
    }
