"""Alerts of Fink into targets and data: in batches from a topic, or one that a handler was given."""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from tom_alertstreams.offsets import DATABASE_AWAY
from tom_alertstreams.storing import PacketStore, reason_of
from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.remote import RemoteUnavailable
from tom_dataservices.ingest import IngestReport
from tom_dataservices.ingest.targets import known_targets, merge_objects
from tom_dataservices.packets import AlertBatch, AlertObject, StreamMessage
from tom_dataservices.packets.surveys.rubin import NAME_PREFIX
from tom_dataservices.plugin_errors import JOB_ENDS
from tom_targets.models import Target, TargetList

logger = logging.getLogger("tom_fink.alertstream")

LINK_FIELD = "fink broker link"
ZTF_PAGE = "https://fink-portal.org/{}"
LSST_PAGE = "https://lsst.fink-portal.org/{}"


class FinkPacketStore(PacketStore):
    """Stores the alerts of one topic, on a target list of its name, with a link to Fink's page."""

    topic = ""
    verbose = False

    @classmethod
    def of(cls, store: PacketStore, topic: str, *, verbose: bool) -> FinkPacketStore:
        """Make one with the options of another store; `verbose` logs each alert."""
        options = replace(store.options, list_name=store.options.list_name or topic)
        made = cls(store.group, options, store.schemas, with_cutouts=store.with_cutouts)
        made.topic, made.verbose = topic, verbose
        return made

    def ingest(self, batch: AlertBatch) -> tuple[IngestReport, set[int]]:
        """Store a batch of alerts, and log each when they are stored."""
        for item in batch.objects:
            if link := page_of(item, batch.survey):
                item.extras[LINK_FIELD] = link
        known = set(known_targets(merge_objects(batch.objects))) if self.verbose else set()
        found = super().ingest(batch)
        if self.verbose:
            alerts = [(item.name, _moment(item.mjd_utc)) for item in batch.objects]
            transaction.on_commit(lambda: self._tell(alerts, known))
        return found

    def _tell(self, alerts: list[tuple[str, dt.datetime | None]], known: set[str]) -> None:
        received = dt.datetime.now(dt.UTC)
        seen = set(known)
        for name, emitted in alerts:
            told(self.topic, name, emitted, is_known=name in seen, received=received)
            seen.add(name)


class StreamAlert(dict[str, Any]):
    """An alert as handlers get it: a dictionary that still knows its packet."""

    def __init__(self, record: Mapping[str, Any], *, message: StreamMessage, store: FinkPacketStore) -> None:
        super().__init__(record)
        self.message = message
        self.store = store

    def keep(self, *, verbose: bool) -> None:
        """Store the alert with its points.

        Raises
        ------
        ValueError
            If it cannot be stored.
        OperationalError, InterfaceError, RemoteUnavailable
            If the database or the schema registry is away, or rows are locked: no fault of the alert.
        """
        self.store.verbose = verbose
        try:
            reason = self.store.take(self.message)
        except (*DATABASE_AWAY, RemoteUnavailable, *JOB_ENDS):
            raise
        except Exception as error:  # a handler of others catches one kind
            raise ValueError(reason_of(error)) from error
        if reason:
            raise ValueError(reason)


def page_of(item: AlertObject, survey: str) -> str:
    """Return the address of Fink's page of an object; empty where it has none."""
    if survey == "ZTF" and item.is_sidereal:
        return ZTF_PAGE.format(item.name)
    if survey == "LSST" and item.name.startswith(NAME_PREFIX):
        return LSST_PAGE.format(item.name.removeprefix(NAME_PREFIX))
    return ""


def save_single_alert(
    alert: Mapping[str, Any], target_list: TargetList
) -> tuple[str, dt.datetime | None, bool]:
    """Make a target of an alert without its packet, and put it on a list.

    Returns
    -------
    name : str
    emitted : datetime or None
        Time of the alert, UTC.
    is_new : bool
        The target was not there.

    Raises
    ------
    ValueError
        If the mapping is not an alert of ZTF or Rubin about a fixed object.
    """
    name, ra_deg, dec_deg, mjd_utc, link = _facts(alert)
    target = Target.objects.filter(name=name).first() or Target.objects.filter(aliases__name=name).first()
    is_new = target is None
    if target is None:
        target = Target(name=name, type="SIDEREAL", ra=ra_deg, dec=dec_deg)
        target.save(extras={LINK_FIELD: link})
    target_list.targets.add(target)
    return name, _moment(mjd_utc), is_new


def _facts(alert: Mapping[str, Any]) -> tuple[str, float, float, float, str]:
    candidate, dia_object = alert.get("candidate"), alert.get("diaObject")
    if alert.get("objectId") and isinstance(candidate, Mapping):
        name = str(alert["objectId"])
        mjd_utc = float(candidate.get("jd") or math.nan) - 2_400_000.5
        return name, candidate["ra"], candidate["dec"], mjd_utc, ZTF_PAGE.format(name)
    if isinstance(dia_object, Mapping) and dia_object.get("diaObjectId"):
        number = dia_object["diaObjectId"]
        link = LSST_PAGE.format(number)
        return f"{NAME_PREFIX}{number}", dia_object["ra"], dia_object["dec"], math.nan, link
    raise ValueError("not an alert of a fixed object: it has neither objectId and candidate nor diaObject")


def _moment(mjd_utc: float) -> dt.datetime | None:
    return mjd_utc_to_datetime(mjd_utc) if math.isfinite(mjd_utc) else None


def told(
    topic: str, name: str, emitted: dt.datetime | None, *, is_known: bool, received: dt.datetime
) -> None:
    """Log an alert in the words that users of Fink's module know."""
    logger.info("fink.alert_logger topic: %s", topic)
    logger.info(
        "fink.alert_logger value: %s emitted %s (received %s)",
        name,
        f"{emitted:%Y-%m-%d %H:%M:%S.%f}" if emitted else "at an unknown time",
        f"{received:%Y-%m-%d %H:%M:%S}",
    )
    if is_known:
        logger.info("Target %s already in the database: its new points were added", name)
