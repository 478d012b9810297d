"""ALeRCE as data services: 'ALeRCE' (ZTF) and 'ALeRCE LSST'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms

from tom_common.astro.time import mjd_utc_to_mjd_tai
from tom_dataservices.clients.alerce import Alerce, AlerceLsst, AlerceZtf, coordinate, limits
from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.clients.rubin_rows import OBJECT_PATTERN
from tom_dataservices.data_services.broker import (
    BrokerFields,
    BrokerQueryForm,
    ListedChoiceField,
    UtcField,
    plain_query,
)
from tom_dataservices.data_services.broker_cutouts import CutoutsService
from tom_dataservices.service_choices import kept_choices

_LC = ("SNIa SNIbc SNII SLSN QSO AGN Blazar CV/Nova YSO LPV E DSCT RRL CEP Periodic-Other").split()
CLASSES: dict[str, list[str]] = {
    "lc_classifier": _LC,
    "lc_classifier_top": ["Transient", "Stochastic", "Periodic"],
    "lc_classifier_transient": _LC[:4],
    "lc_classifier_stochastic": _LC[4:9],
    "lc_classifier_periodic": _LC[9:],
    "stamp_classifier": ["AGN", "SN", "bogus", "asteroid", "VS"],
}
"""Of each classifier, until the list of the service was read; its newest version is meant."""
_LONGEST_CLASSIFIER = 200


class AlerceFields(BrokerFields):
    """What can be asked of ALeRCE."""

    service_name = "ALeRCE"
    offers = ("objects", "cone", "time", "class", "detections", "sort")
    rows_a_page = 100
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = (
        ("First detection", ("first_since", "first_until")),
    )
    object_words = (
        "ZTF names, one a line, or separated by commas or blanks; one name may hold * for any letters."
    )
    sorts: ClassVar[Sequence[tuple[str, str]]] = (
        ("probability", "probability"),
        ("lastmjd", "newest detection"),
        ("firstmjd", "first detection"),
        ("ndet", "number of detections"),
        ("deltajd", "time from first to last detection"),
        ("g_r_max", "g - r at the brightest"),
        ("g_r_mean", "mean g - r"),
        ("meanra", "right ascension"),
        ("meandec", "declination"),
        ("oid", "name"),
    )
    default_classes = tuple((name, name) for name in dict.fromkeys(sum(CLASSES.values(), [])))

    classifier = ListedChoiceField(label="Classifier", required=False)
    ranking = forms.IntegerField(
        label="Place of the class",
        required=False,
        min_value=1,
        max_value=20,
        help_text="1: the likeliest class of the object (where it is empty), 2: the second likeliest.",
    )
    first_since = UtcField(label="First detected since (UTC)", help_text="ISO, MJD or JD.")
    first_until = UtcField(label="First detected until (UTC)", help_text="ISO, MJD or JD.")

    def _describe(self) -> None:
        super()._describe()
        self.classes_of = dict(
            kept_choices(self.service_name, "classes of classifiers", tuple(CLASSES.items()))
        )
        listed = [(key, key.replace("|", " ")) for key in self.classes_of]
        self.fields["classifier"].choices = [("", "that of the service"), *listed]  # type: ignore[attr-defined]
        self.fields["since"].label = "Detected last since (UTC)"
        self.fields["until"].label = "Detected last until (UTC)"

    @property
    def fieldsets(self) -> list[tuple[str, list[str]]]:
        """The fields under their headings: the classifier stands above its classes."""
        return [
            (heading, ["classifier", *names, "ranking"] if "class_name" in names else names)
            for heading, names in super().fieldsets
        ]

    def clean(self) -> dict[str, Any]:
        """Hold class and classifier, and the times of the first detection, against each other."""
        cleaned = super().clean()
        classifier, class_name = cleaned.get("classifier"), cleaned.get("class_name")
        known = self.classes_of.get(classifier or "")
        if class_name and known and class_name not in known:
            self.add_error(
                "class_name", f"{classifier.split('|')[0]} has no such class; it has: {', '.join(known)}."
            )  # type: ignore[union-attr]
        if (cleaned.get("probability_min") is not None or cleaned.get("ranking")) and not (
            classifier or class_name
        ):
            self.add_error("classifier", "A probability, or a place, is that of a class: choose one.")
        since, until = cleaned.get("first_since"), cleaned.get("first_until")
        if since and until and since > until:
            self.add_error("first_until", "The window ends before it begins.")
        if "*" in cleaned.get("objects", "") and len(cleaned["objects"].split()) > 1:
            self.add_error("objects", "A name with * has to stand alone.")
        return cleaned


class AlerceLsstFields(AlerceFields):
    """What can be asked of ALeRCE for LSST."""

    service_name = "ALeRCE LSST"
    object_words = "diaObjectId numbers, one a line, or separated by commas or blanks."
    sorts: ClassVar[Sequence[tuple[str, str]]] = tuple(
        (key, words)
        for key, words in (*AlerceFields.sorts, ("n_det", "number of detections"))
        if key in ("probability", "lastmjd", "firstmjd", "n_det")
    )


class AlerceForm(AlerceFields, BrokerQueryForm):
    """The form of 'ALeRCE'."""


class AlerceLsstForm(AlerceLsstFields, BrokerQueryForm):
    """The form of 'ALeRCE LSST'."""


class AlerceService(CutoutsService):
    """What both services of ALeRCE share."""

    client: ClassVar[type[Any]] = Alerce
    class_key: ClassVar[str] = "class"
    detections_key: ClassVar[str] = "ndet"
    is_tai: ClassVar[bool] = False

    def build_query_parameters(self, parameters: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return what is asked for, the window of the first detection as MJD."""
        query = super().build_query_parameters(parameters)
        first = plain_query({"since": query.pop("first_since", ""), "until": query.pop("first_until", "")})
        query.update({f"first_{key}": value for key, value in first.items() if key.startswith("mjd")})
        return query

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield the objects that fit, page by page."""
        client: Any = self.client()
        yield from client.search(ids=query.get("ids") or (), **self.arguments(query))

    def arguments(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return a query as the server reads it."""
        classifier, _, version = str(query.get("classifier") or "").partition("|")
        found: dict[str, Any] = {
            "classifier": classifier or None,
            "classifier_version": version or None,
            self.class_key: query.get("class_name"),
            "ranking": query.get("ranking"),
            "probability": query.get("probability_min"),
            self.detections_key: limits(query.get("detections_min"), query.get("detections_max")),
            "firstmjd": limits(self.mjd(query.get("first_mjd_min")), self.mjd(query.get("first_mjd_max"))),
            "lastmjd": limits(self.mjd(query.get("mjd_min")), self.mjd(query.get("mjd_max"))),
            "order_by": query.get("sort"),
            "order_mode": ("DESC" if query.get("descending") else "ASC") if query.get("sort") else None,
        }
        if "ra_deg" in query:
            found |= {
                "ra": coordinate(query["ra_deg"]),
                "dec": coordinate(query["dec_deg"]),
                "radius": query["radius_arcsec"],
            }
        return found

    def mjd(self, mjd_utc: float | None) -> float | None:
        """Return a time in the scale of the service."""
        if mjd_utc is None or not self.is_tai:
            return mjd_utc
        return float(mjd_utc_to_mjd_tai(mjd_utc))

    def known(self, object_id: str) -> BrokerObject:
        """Return an object with its light curve and classifications."""
        client: Any = self.client()
        return client.known(object_id)

    def image(self, found: BrokerObject, role: str) -> bytes | None:
        """Return an image of the newest alert as FITS."""
        client: Any = self.client()
        return client.image(found.cutouts[role], "fits")

    def cutout(self, result: dict[str, Any], role: str) -> tuple[bytes, str] | None:
        """Return an image of the newest alert of a result as PNG; its light curve tells which that is."""
        client: Any = self.client()
        place = self.once(str(result["id"]), client.curve).cutouts.get(role)
        return (client.image(place, "png"), "image/png") if place else None

    def curves(self, ids: Sequence[str]) -> Iterator[tuple[str, Sequence[dict[str, Any]]]]:
        """Give the points of objects; a list of ALeRCE has none, not even a magnitude."""
        client: Any = self.client()
        return self.curves_of(ids, client.curve)

    def lists(self) -> dict[str, Any]:
        """Ask for the classifiers and their classes."""
        client: Any = self.client()
        found = [
            (f"{name}|{version}" if version else name, classes)
            for name, version, classes in client.classifiers()
            if name and len(name) + len(version) < _LONGEST_CLASSIFIER
        ]
        names = dict.fromkeys(one for _, classes in found for one in classes)
        return {"classes of classifiers": found, "classes": [(name, name) for name in names]}


class AlerceZtfService(AlerceService):
    """ALeRCE for ZTF."""

    name = "ALeRCE"
    client = AlerceZtf
    form = AlerceForm
    service_notes = "Objects of ZTF with the classifiers of ALeRCE, light curves and forced photometry."


class AlerceLsstService(AlerceService):
    """ALeRCE for LSST."""

    name = "ALeRCE LSST"
    client = AlerceLsst
    form = AlerceLsstForm
    survey = "LSST"
    object_pattern = OBJECT_PATTERN
    class_key = "class_name"
    detections_key = "n_det"
    is_tai = True
    service_notes = (
        "Objects of Rubin's LSST with the classifiers of ALeRCE, light curves and forced photometry."
    )
