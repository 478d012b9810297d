"""Sends new data where targets are shared persistently: when they are written, in one go, in the background.

Connected when the app is ready; what talks to other TOMs is imported only where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.cache import cache
from django.core.checks import Warning as CheckWarning
from django.core.checks import register
from django.db import transaction

from tom_dataproducts.models.summary import photometry_written
from tom_dataproducts.queries import shares_of_targets
from tom_dataproducts.signals import measurements_written
from tom_targets.sharing_port import set_sharing_gateway

WAIT_S = 20
"""Seconds by which new data are gathered before they are sent."""


def connect() -> None:
    """Fill the port of tom_targets, and share what is written where it is shared persistently."""
    set_sharing_gateway("tom_dataproducts.sharing.gateway.TomGateway")
    photometry_written.connect(_when_written, dispatch_uid="tom_dataproducts.share_photometry")
    measurements_written.connect(_when_written, dispatch_uid="tom_dataproducts.share_measurements")
    register(check_destinations)


def _when_written(*, target_ids: Iterable[int], using: str, **kwargs: Any) -> None:
    share_soon(target_ids, using=using)


def check_destinations(**kwargs: Any) -> list[CheckWarning]:
    """Name the entries of ``DATA_SHARING`` that cannot be used."""
    from tom_dataproducts.sharing import destinations

    return [CheckWarning(text, id="tom_dataproducts.W001") for text in destinations.problems()]


def share_soon(target_ids: Iterable[int], *, using: str = "default") -> None:
    """Send new data of targets where they are shared persistently, once the transaction holds.

    One query where none of them is. Writes within `WAIT_S` go out together.
    """
    ids = set(target_ids)
    shares = shares_of_targets(ids, using=using) if ids else []
    if shares:
        transaction.on_commit(lambda: _send(shares), using=using)


def _send(shares: Iterable[int]) -> None:
    from tom_dataproducts.tasks import share_new_data

    for pk in shares:
        # The key goes before the job starts, so that no write falls between the two.
        if cache.add(f"tom_dataproducts.share.{pk}", True, WAIT_S - 5):
            share_new_data.send_with_options(args=(pk,), delay=WAIT_S * 1000)
