"""Images of alerts as brokers give them: a small one of each result, and the newest set of a target.

Those of a target are fetched with its data, in the background, and become files as those of packets do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tom_common.remote import RemoteError, RemoteUnavailable
from tom_dataproducts.models import DataProduct
from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.data_services.broker import BrokerService, sparkline_points
from tom_dataservices.data_services.broker.points import newest_brightness
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.ingest.cutouts import CutoutSet, save_cutouts
from tom_dataservices.job_log import tell_job
from tom_dataservices.packets.batch import AlertObject, Cutout
from tom_dataservices.result_cutouts import ONE_IS_BROKEN, gives_cutouts

logger = logging.getLogger(__name__)

ROLES = {"science": "science", "template": "reference", "difference": "difference"}
"""What files call the images, by what brokers call them."""
_LARGEST_BYTES = 10_000_000
_GZIP, _FITS = b"\x1f\x8b", b"SIMPLE  ="


class CutoutsService(BrokerService):
    """A broker that gives the images of alerts as FITS.

    A subclass tells, by `image`, how one is fetched; its `known` fills in ``cutouts`` and ``cutouts_alert``.
    """

    gives_cutouts = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answers: dict[str, Any] = {}

    def once(self, object_id: str, ask: Callable[[str], Any]) -> Any:
        """Return what the broker answers for an object; asked once, also where it has no answer.

        Raises
        ------
        MissingDataException, RemoteRejected, RemoteBadReply
        """
        if object_id not in self._answers:
            try:
                self._answers[object_id] = ask(object_id)
            except ONE_IS_BROKEN as error:
                self._answers[object_id] = error
        found = self._answers[object_id]
        if isinstance(found, Exception):
            raise found
        return found

    def curves_of(self, ids: Sequence[str], ask: Callable[[str], Any]) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield the ``points`` of what a broker answers for each object; none where it knows none.

        An object of which the answer cannot be read is left out: it is asked for another time.
        """
        for object_id in ids:
            try:
                yield object_id, self.once(object_id, ask).points
            except MissingDataException:
                yield object_id, ()
            except ONE_IS_BROKEN as error:
                _tell(f"The light curve of {object_id} was not fetched: {error}")

    def small_curves(self, ids: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what results show of light curves: the newest points of each object, and its brightness.

        For services that have ``curves(ids)``, which yields the points of each object with its id.
        """
        for object_id, points in self.curves(ids):  # type: ignore[attr-defined]
            yield object_id, {"points": sparkline_points(points), **newest_brightness(points)}

    def image(self, found: BrokerObject, role: str) -> bytes | None:
        """Return an image of the newest alert of an object as FITS, plain or gzip; None if there is none.

        Raises
        ------
        RemoteError
        """
        raise NotImplementedError

    def query_reduced_data(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the data of a target, with the images of its newest alert that are not kept yet."""
        data = super().query_reduced_data(target, **kwargs)
        newest = max(
            (one for one in self.objects_of(target) if one.cutouts and one.cutouts_alert),
            key=lambda one: one.mjd_utc or 0.0,
            default=None,
        )
        return data | {"cutouts": self._images(target, newest) if newest is not None else []}

    def create_reduced_datums_from_query(
        self, target: Any, data: Any, data_type: str | None = None, **kwargs: Any
    ) -> list[Any]:
        """Store data of a target; images become files."""
        if data_type == "cutouts":
            save_cutouts(data, keep_all=_keeps_all(target))
            return []
        return super().create_reduced_datums_from_query(target, data, data_type, **kwargs)

    def _images(self, target: Any, found: BrokerObject) -> list[CutoutSet]:
        """Fetch what is not kept yet; without images the rest of the data is still worth having."""
        if not gives_cutouts(type(self)):
            return []
        wanted = _cutout_set(target, found, self._survey_of(found), ())
        ids = {role: wanted.product_id(kept) for role, kept in ROLES.items() if role in found.cutouts}
        rows = DataProduct.objects.filter(target=target.pk, product_id__in=ids.values())
        stored = set(rows.values_list("product_id", flat=True))
        images = []
        for role in (role for role, product_id in ids.items() if product_id not in stored):
            try:
                content = self.image(found, role)
            except RemoteError as error:
                _tell(f"The {role} image of {target.name} was not fetched: {error}")
                if isinstance(error, RemoteUnavailable):
                    break
                continue
            extension = _extension(content)
            if extension is None:
                _tell(f"{self.title} gave a {role} image of {target.name} that is no FITS file.")
                continue
            images.append(Cutout(ROLES[role], content or b"", extension))
        return [_cutout_set(target, found, self._survey_of(found), tuple(images))] if images else []

    def _survey_of(self, found: BrokerObject) -> str:
        """Return whose images they are; those of packets are called the same."""
        of_alert = (one for one in found.points if one.get("measurement") == found.cutouts_alert)
        return str(next(of_alert, {}).get("survey") or self.survey)


def _cutout_set(target: Any, found: BrokerObject, survey: str, images: tuple[Cutout, ...]) -> CutoutSet:
    of_alert = (one["mjd"] for one in found.points if one.get("measurement") == found.cutouts_alert)
    alert = AlertObject(
        name=found.name,
        aliases=(),
        is_sidereal=found.is_sidereal,
        ra_deg=float("nan") if found.ra_deg is None else found.ra_deg,
        dec_deg=float("nan") if found.dec_deg is None else found.dec_deg,
        mjd_utc=float(next(of_alert, found.mjd_utc or 0.0)),
        alert_id=found.cutouts_alert,
        extras={},
        cutouts=images,
        orbit=None,
        file="",
        number=0,
    )
    return CutoutSet(target_id=target.pk, survey=survey, alert=alert)


def _keeps_all(target: Any) -> bool:
    """Tell whether somebody chose to keep the images of all alerts: those of several are there."""
    rows = DataProduct.objects.filter(target=target.pk, product_id__startswith="cutout:")
    alerts = {product_id.rpartition(":")[0] for product_id in rows.values_list("product_id", flat=True)}
    return len(alerts) > 1


def _extension(content: bytes | None) -> str | None:
    """Return the ending of the name of a FITS file; None for what is none."""
    if not content or len(content) > _LARGEST_BYTES:
        return None
    if content.startswith(_GZIP):
        return ".fits.gz"
    return ".fits" if content.startswith(_FITS) else None


def _tell(words: str) -> None:
    logger.warning("%s", words)
    tell_job(words)
