"""Fetches the dust in front of targets and keeps it. Called by the view of the light curve and its task."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from tom_common.background import InputRefused
from tom_common.remote import RemoteBadReply, RemoteError
from tom_dataproducts import conf
from tom_dataproducts.clients.irsa_dust import IrsaDustClient
from tom_dataproducts.models import GalacticDust
from tom_targets.models import BaseTarget


class NoPositionError(ValueError):
    """A target has no position on the sky to ask for."""


def request_dust(target: BaseTarget, *, user: Any) -> GalacticDust:
    """Have the colour excess of a target fetched in the background; one request at a time for a target.

    Raises
    ------
    NoPositionError
        If the target has no fixed position.
    """
    from tom_dataproducts.light_curve_tasks import fetch_dust

    if target.ra is None or target.dec is None or target.type == BaseTarget.NON_SIDEREAL:
        raise NoPositionError("Dust is known for fixed positions only: this target has none.")
    with transaction.atomic():
        kept, _ = GalacticDust.objects.select_for_update().get_or_create(
            target_id=target.pk, defaults={"ra_deg": target.ra, "dec_deg": target.dec}
        )
        job = kept.job
        if job is not None and not job.is_finished:
            return kept
        kept.job = fetch_dust.submit(user=user, title=f"Dust in front of {target.name}", target_id=target.pk)
        kept.error = ""
        kept.save(update_fields=["job_id", "error"])
    return kept


def fetch(target_id: int) -> GalacticDust | None:
    """Ask IRSA for the colour excess of a target and keep it; safe to run twice.

    Raises
    ------
    RemoteError
        If the service does not answer; it may be asked again later.
    InputRefused
        If it has no answer for this position.
    """
    target = BaseTarget.objects.filter(pk=target_id).first()
    if target is None or target.ra is None or target.dec is None:
        return None
    kept = GalacticDust.objects.filter(pk=target_id).first() or GalacticDust(target_id=target_id)
    kept.ra_deg, kept.dec_deg = target.ra, target.dec
    try:
        found = IrsaDustClient(conf.dust_service_url()).reddening(target.ra, target.dec)
    except RemoteError as error:
        kept.error = str(error)
        kept.save()
        if isinstance(error, RemoteBadReply):
            raise InputRefused(str(error)) from error
        raise
    kept.ebv_sf11_mag, kept.ebv_sfd_mag = found.ebv_sf11_mag, found.ebv_sfd_mag
    kept.fetched, kept.error = timezone.now(), ""
    kept.save()
    return kept
