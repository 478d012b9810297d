"""Fink as data services: 'Fink ZTF' and 'Fink LSST'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms

from tom_dataservices.clients.broker import BrokerObject, iso_utc
from tom_dataservices.clients.fink import Fink, FinkLsst, FinkZtf
from tom_dataservices.clients.fink.lsst import UNNAMED_BODY
from tom_dataservices.clients.rubin_rows import OBJECT_PATTERN
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm
from tom_dataservices.data_services.broker_cutouts import CutoutsService
from tom_dataservices.exceptions import MissingDataException, QueryServiceError
from tom_targets.models import Target

_ZTF_CLASSES = (
    "Early SN Ia candidate",
    "SN candidate",
    "SLSN candidate",
    "Kilonova candidate",
    "Microlensing candidate",
    "Solar System MPC",
    "Solar System candidate",
    "Tracklet",
    "Ambiguous",
    "(CTA) Blazar low state",
    "(CTA) Blazar high state",
)
_LSST_TAGS = (
    "extragalactic_lt20mag_candidate extragalactic_new_candidate extragalactic_svom faint_trails "
    "fast_transient_gvom hostless_candidate in_simbad in_tns is_solar_system mdwarf_flare most_likely_sn "
    "remove_unlikely_transients sn_near_galaxy_candidate uniform_sample"
).split()
_LARGEST_CONE_ARCSEC = 18_000.0
_LIMITS_OF_OURS = {"mag_min", "mag_max", "detections_min", "detections_max"}
"""Limits that Fink does not take: they are held against what it gives."""


class FinkFields(BrokerFields):
    """What can be asked of both services: one kind of question at a time."""

    offers = ("objects", "cone", "time", "magnitude", "class", "detections")
    max_radius_arcsec = _LARGEST_CONE_ARCSEC
    rows_a_page = 1000
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = (
        ("Other questions", ("tns_name", "solar_system", "skymap", "skymap_level")),
    )
    modes: ClassVar[dict[str, Sequence[str]]] = {
        "object names": ("objects",),
        "a place": ("position",),
        "a class": ("class_name",),
        "a TNS name": ("tns_name",),
        "a body of the Solar System": ("solar_system",),
        "a sky map": ("skymap",),
    }

    tns_name = forms.CharField(
        label="TNS name", required=False, max_length=100, help_text="Such as SN 2023ixf, or 2023ixf."
    )
    solar_system = forms.CharField(
        label="Body of the Solar System",
        required=False,
        max_length=100,
        help_text="Number or designation: 8467, 10P, 2010JO69.",
    )
    skymap = forms.CharField(
        label="Sky map of a gravitational-wave event",
        required=False,
        max_length=50,
        help_text="Its name in GraceDB, such as S230518h.",
    )
    skymap_level = forms.FloatField(
        label="Credible level of the sky map", required=False, min_value=0.01, max_value=0.999, initial=0.9
    )

    def _describe(self) -> None:
        super()._describe()
        self.fields[
            "since"
        ].help_text = (
            "ISO, MJD or JD. With a place, Fink counts the first detection; with a class, the alert."
        )
        self.fields.pop("probability_min", None)

    def clean(self) -> dict[str, Any]:
        """Say what a window of time needs."""
        cleaned = super().clean()
        if cleaned.get("until") and not cleaned.get("since") and cleaned.get("position"):
            self.add_error("since", "Fink takes an end of the window only with its beginning.")
        return cleaned


class FinkZtfFields(FinkFields):
    """What can be asked of Fink for ZTF."""

    service_name = "Fink ZTF"
    default_classes = tuple((name, name) for name in _ZTF_CLASSES)
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = (
        ("Change of the class", ("trend", "color")),
        *FinkFields.own_fieldsets,
    )
    object_words = "ZTF names (ZTF21aaaaaaa), one a line, or separated by commas or blanks."

    trend = forms.ChoiceField(
        label="Rate of change",
        required=False,
        choices=(
            ("", "any"),
            ("rising", "rising"),
            ("fading", "fading"),
            ("low_state", "low state (blazars)"),
            ("new_low_state", "new low state (blazars)"),
        ),
        help_text="With a class.",
    )
    color = forms.BooleanField(label="Only with a colour measured the same night", required=False)

    def clean(self) -> dict[str, Any]:
        """The rate of change goes with a class."""
        cleaned = super().clean()
        if (cleaned.get("trend") or cleaned.get("color")) and not cleaned.get("class_name"):
            self.add_error("trend", "This goes with a class: choose one.")
        return cleaned


class FinkLsstFields(FinkFields):
    """What can be asked of Fink for LSST."""

    service_name = "Fink LSST"
    default_classes = tuple((name, name.replace("_", " ")) for name in _LSST_TAGS)
    object_words = "diaObjectId numbers, one a line, or separated by commas or blanks."

    def _describe(self) -> None:
        super()._describe()
        self.fields["class_name"].label = "Tag"


class FinkZtfForm(FinkZtfFields, BrokerQueryForm):
    """The form of 'Fink ZTF'."""


class FinkLsstForm(FinkLsstFields, BrokerQueryForm):
    """The form of 'Fink LSST'."""


class FinkService(CutoutsService):
    """What both services of Fink share."""

    client: ClassVar[type[Any]] = Fink
    curve_options: ClassVar[dict[str, Any]] = {}

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield the objects of the one question that was asked."""
        client: Any = self.client()
        rows = client.rows_a_page()
        if query.get("max_results") and not _LIMITS_OF_OURS & query.keys():
            rows = min(int(query["max_results"]), rows)
        window = {"startdate": iso_utc(query.get("mjd_min")), "stopdate": iso_utc(query.get("mjd_max"))}
        if window["stopdate"] and not window["startdate"]:
            window["startdate"] = "2019-11-01"
        window = {key: value.removesuffix("Z") if value else None for key, value in window.items()}
        if query.get("ids"):
            yield from client.by_ids(query["ids"])
        elif "ra_deg" in query:
            place = {name: query[name] for name in ("ra_deg", "dec_deg", "radius_arcsec")}
            yield from client.cone(**place, n=client.rows_a_page(), **window)
        elif query.get("class_name"):
            found = self.of_class(client, query, {"n": rows, **window})
            if client.rows_given >= rows:
                self.told_besides.append(
                    f"{self.title} gave the newest {rows:,} alerts, of {len(found):,} objects; there may be "
                    "more. Ask for more, or for a window of time, to see them."
                )
            yield from found
        elif query.get("tns_name"):
            yield from client.by_tns_name(query["tns_name"])
        elif query.get("solar_system"):
            yield from client.solar_system(query["solar_system"])
        elif query.get("skymap"):
            yield from client.in_skymap(query["skymap"], credible_level=query.get("skymap_level") or 0.9)

    def of_class(self, client: Any, query: dict[str, Any], arguments: dict[str, Any]) -> list[BrokerObject]:
        """Return the newest objects of a class."""
        raise NotImplementedError

    def fits(self, found: BrokerObject, query: dict[str, Any]) -> bool:
        """Leave times to Fink, which counts first detections around a place."""
        is_list = bool(query.get("ids"))
        left_out = () if is_list else ("mjd_min", "mjd_max")
        return super().fits(found, {key: value for key, value in query.items() if key not in left_out})

    def curves(self, ids: Sequence[str]) -> Iterator[tuple[str, Sequence[dict[str, Any]]]]:
        """Yield the points of objects, of all by one question; lists hold the newest alert of each alone."""
        client: Any = self.client()
        points = {found.object_id: found.points for found in client.by_ids(ids, **self.curve_options)}
        for object_id in ids:
            yield object_id, points.get(object_id, ())

    def objects_of(self, target: Any) -> list[BrokerObject]:
        """Return what Fink knows of a target; of a body of the Solar System by its number or designation.

        Raises
        ------
        MissingDataException
        """
        if target.type == Target.NON_SIDEREAL and target.pk not in self._known:
            self._known[target.pk] = [self._body(target)]
        return super().objects_of(target)

    def _body(self, target: Any) -> BrokerObject:
        names = [target.name, *target.aliases.values_list("name", flat=True)]
        client: Any = self.client()
        refused: QueryServiceError | None = None
        for name in names:
            try:
                found = [] if name.startswith(UNNAMED_BODY) else client.solar_system(name)
            except QueryServiceError as error:  # of this name: another may be one that Fink takes
                refused = error
                continue
            if found:
                return found[0]
        if refused is not None:
            raise refused
        raise MissingDataException(
            f"{self.title} knows no body of the Solar System called {' or '.join(names)}: give the target "
            "its number or designation as a further name."
        )

    def only(self, found: list[BrokerObject], object_id: str) -> BrokerObject:
        """Return the object of an id.

        Raises
        ------
        MissingDataException
        """
        if not found:
            raise MissingDataException(f"{self.title} knows no object {object_id}.")
        return found[0]


class FinkZtfService(FinkService):
    """Fink for ZTF."""

    name = "Fink ZTF"
    client = FinkZtf
    form = FinkZtfForm
    curve_options: ClassVar[dict[str, Any]] = {"with_limits": True}
    results_valid_s = 4 * 3600.0
    service_notes = "Alerts of ZTF with the classes of Fink, updated once a day after the night."

    def of_class(self, client: Any, query: dict[str, Any], arguments: dict[str, Any]) -> list[BrokerObject]:
        """Return the objects with the newest alerts of a class."""
        return client.latest(
            query["class_name"], trend=query.get("trend"), color=query.get("color"), **arguments
        )

    def known(self, object_id: str) -> BrokerObject:
        """Return an object with its detections and upper limits."""
        return self.only(FinkZtf().by_ids([object_id], with_limits=True), object_id)

    def lists(self) -> dict[str, Any]:
        """Ask for the classes."""
        return {"classes": FinkZtf().classes()}

    def cutout(self, result: dict[str, Any], role: str) -> tuple[bytes, str] | None:
        """Return an image of the newest alert as PNG."""
        place = (result.get("cutouts") or {}).get(role)
        return (self._image(place, "PNG"), "image/png") if place else None

    def image(self, found: BrokerObject, role: str) -> bytes | None:
        """Return an image of the newest alert as FITS."""
        return self._image(found.cutouts[role], "FITS")

    def _image(self, place: str, output_format: str) -> bytes:
        object_id, candid, kind = place.split(":")
        return FinkZtf().image(output_format, objectId=object_id, candid=candid, kind=kind)


class FinkLsstService(FinkService):
    """Fink for LSST."""

    name = "Fink LSST"
    client = FinkLsst
    form = FinkLsstForm
    survey = "LSST"
    object_pattern = OBJECT_PATTERN
    results_valid_s = 3600.0
    service_notes = "Sources of Rubin's LSST with the tags and cross-matches of Fink."

    def of_class(self, client: Any, query: dict[str, Any], arguments: dict[str, Any]) -> list[BrokerObject]:
        """Return the objects with the newest sources that bear a tag."""
        return client.tagged(query["class_name"], **arguments)

    def known(self, object_id: str) -> BrokerObject:
        """Return an object with its sources and forced photometry."""
        return self.only(FinkLsst().by_ids([object_id], with_forced=True), object_id)

    def lists(self) -> dict[str, Any]:
        """Ask for the tags."""
        return {"classes": FinkLsst().tags()}

    def cutout(self, result: dict[str, Any], role: str) -> tuple[bytes, str] | None:
        """Return an image of the newest source as PNG."""
        place = (result.get("cutouts") or {}).get(role)
        return (self._image(place, "PNG"), "image/png") if place else None

    def image(self, found: BrokerObject, role: str) -> bytes | None:
        """Return an image of the newest source as FITS."""
        return self._image(found.cutouts[role], "FITS")

    def _image(self, place: str, output_format: str) -> bytes:
        source, kind = place.split(":")
        return FinkLsst().image(output_format, diaSourceId=source, kind=kind)
