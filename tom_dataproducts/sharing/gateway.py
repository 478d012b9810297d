"""Fills the port ``tom_targets.ports.SharingGateway``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse

from tom_common.remote import RemoteError
from tom_dataproducts.models import PersistentShareState
from tom_dataproducts.persistent_sharing import share_soon
from tom_dataproducts.sharing import destinations, services
from tom_dataproducts.sharing.client import RemoteTom
from tom_dataproducts.sharing.request import PARTS, ShareRequest
from tom_dataproducts.sharing.run import Sharing

WORDS = {
    "target": "The target itself, where it is missing, and facts that are missing there",
    "aliases": "Its other names",
    "extras": "Extra fields and tags",
    "lists": "The lists it is on",
    "photometry": "Photometry",
    "spectroscopy": "Spectra",
    "astrometry": "Measured positions",
    "other": "Other measurements",
    "files": "Files",
}


class TomGateway:
    """Shares with the TOMs of ``DATA_SHARING``."""

    def destinations(self) -> list[tuple[str, str]]:
        """Return (key, name) pairs of the TOMs with which can be shared."""
        return destinations.choices()

    def label_of(self, destination: str) -> str:
        """Return the name of a destination as pages show it."""
        return destinations.label_of(destination)

    def parts(self) -> list[tuple[str, str]]:
        """Return (key, words) pairs of what of a target can be shared."""
        return [(part, WORDS[part]) for part in PARTS]

    def start(
        self,
        *,
        user: Any,
        destination: str,
        targets: Sequence[Any] = (),
        target_list: Any = None,
        parts: Sequence[str],
        list_names: Sequence[str] = (),
        overwrite: bool = False,
        dry_run: bool,
    ) -> str:
        """Share in the background, or say what that would do; return the address of the report."""
        request = ShareRequest(
            destination=destination,
            target_ids=[target.pk for target in targets],
            list_id=target_list.pk if target_list is not None else None,
            parts=list(parts),
            list_names=list(list_names),
            overwrite=overwrite,
        )
        what = f"the list {target_list.name}" if target_list is not None else _names(targets)
        job = services.start(request, user=user, dry_run=dry_run, what=what)
        return reverse("dataproducts:share-report", args=[job.pk])

    def share_target(
        self, destination: str, target: Any, *, user: Any, list_names: Sequence[str], parts: Sequence[str]
    ) -> dict[str, Any]:
        """Share a target now and return a dict with ``message``, which starts with ``ERROR`` if it failed."""
        request = ShareRequest(
            destination=destination, target_ids=[target.pk], parts=list(parts), list_names=list(list_names)
        )
        tom = RemoteTom(destinations.destination(destination))
        try:
            report = Sharing(tom, request, user=user, dry_run=False).share_all([target], 1)
        except RemoteError as error:
            return {"message": f"ERROR: {error}"}
        return feedback(report)

    def share_soon(self, target_ids: Iterable[int]) -> None:
        """Send new data of targets where they are shared persistently, once the transaction holds."""
        share_soon(target_ids)

    def share_persistently(self, share: Any, *, existing: bool) -> None:
        """Take note of a new persistent share; with `existing`, share what is there already."""
        PersistentShareState.objects.get_or_create(share=share)
        if existing:
            self.retry(share)

    def states(self, shares: Iterable[Any]) -> dict[int, Any]:
        """Return by key of the persistent share when it last ran and what went wrong."""
        return PersistentShareState.objects.in_bulk([share.pk for share in shares])

    def retry(self, share: Any) -> None:
        """Share the data of a persistent share again, now."""
        from tom_dataproducts.tasks import share_new_data

        PersistentShareState.objects.filter(share=share).update(next_try_at=None)
        title = f"Share {share.target.name} with {self.label_of(share.destination)}"
        transaction.on_commit(lambda: share_new_data.submit(user=share.user, title=title, share_id=share.pk))


def feedback(report: Any) -> dict[str, Any]:
    """Return a report as the old functions of sharing told it: a dict with ``message``."""
    refusals = [item for item in report.items if item.outcome == "refused"]
    if refusals:
        words = "; ".join(f"{item.what}: {item.text}" for item in refusals[:5])
        return {"message": f"ERROR: {words} ({report.summary()})"}
    return {"message": f"{report.label}: {report.summary()}."}


def _names(targets: Sequence[Any]) -> str:
    return targets[0].name if len(targets) == 1 else f"{len(targets)} targets"
