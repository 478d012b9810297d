"""Stamps of ALeRCE: the images of one alert, of ZTF and of LSST (brokers.md 5.2 and 5.3).

References
----------
The parameters of ``stamps_api/stamp`` are those of the client ``alerce``, of ALeRCE's own explorer, and of
the service itself (``multisurveys-apis`` in ``alercebroker/web-services``), all read November 2026. It gives
``png`` and ``fits``, the latter packed by gzip unless ``is_compressed=false`` says otherwise, and 404 where
the alert is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tom_common.remote import RemoteService
from tom_dataservices.clients.broker import BrokerClient, id_text, number

ROLES = ("science", "template", "difference")
ZTF_URL = "https://avro.alerce.online"


def newest_with_stamp(rows: Iterable[dict[str, Any]], key: str) -> str:
    """Return the number of the newest detection that has images, empty without one."""
    pictured = [row for row in rows if row.get("has_stamp") is True and id_text(row.get(key))]
    newest = max(pictured, key=lambda row: number(row.get("mjd")) or 0.0, default={})
    return id_text(newest.get(key)) or ""


def places(object_id: str, alert_id: str) -> dict[str, str]:
    """Return what `ztf_stamp` and `lsst_stamp` are asked for by role; nothing without an alert."""
    return {role: f"{object_id}:{alert_id}:{role}" for role in ROLES} if alert_id else {}


def ztf_stamp(client: BrokerClient, place: str, file_format: str) -> bytes:
    """Return an image of an alert of ZTF, ``png`` or ``fits`` (gzip).

    Raises
    ------
    RemoteError
    """
    oid, candid, role = place.split(":")
    timeout_s = float(client.setting("timeout_s", client.timeout_s))
    service = RemoteService(
        "ALeRCE stamps", str(client.setting("stamps_url", ZTF_URL)), read_timeout_s=timeout_s
    )
    asked = {"oid": oid, "candid": candid, "type": role, "format": file_format}
    return service.get_bytes("get_stamp", asked)


def lsst_stamp(client: BrokerClient, place: str, file_format: str) -> bytes:
    """Return an image of an alert of LSST, ``png`` or ``fits`` (gzip).

    Raises
    ------
    RemoteError
    """
    oid, measurement, role = place.split(":")
    asked = {
        "survey_id": "lsst",
        "oid": oid,
        "measurement_id": measurement,
        "stamp_type": f"cutout{role.capitalize()}",
        "file_format": file_format,
    }
    return client.service().get_bytes("stamps_api/stamp", asked)
