"""Lasair as data services: 'Lasair' (LSST) and 'Lasair ZTF' (the archive)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django import forms

from tom_common.astro.time import mjd_to_jd, mjd_utc_to_mjd_tai
from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.clients.lasair import SHERLOCK, TNS, Lasair, LasairLsst, LasairZtf, quoted
from tom_dataservices.clients.rubin_rows import OBJECT_PATTERN
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm
from tom_dataservices.data_services.broker_cutouts import CutoutsService

SHERLOCK_CLASSES = (
    ("SN", "SN: supernova, near a galaxy"),
    ("NT", "NT: nuclear transient"),
    ("AGN", "AGN: active galactic nucleus"),
    ("CV", "CV: cataclysmic variable"),
    ("BS", "BS: bright star"),
    ("VS", "VS: variable star"),
    ("ORPHAN", "ORPHAN: nothing known there"),
    ("UNCLEAR", "UNCLEAR"),
)
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


class LasairFields(BrokerFields):
    """What can be asked of Lasair: any of these together, and SQL of one's own."""

    offers = ("objects", "cone", "time", "magnitude", "class", "detections", "sort")
    max_radius_arcsec = 1000.0
    rows_a_page = 1000
    default_classes = SHERLOCK_CLASSES
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = (
        ("Host and catalogues", ("host_separation_max", "only_tns", "watchlist", "area", "annotator")),
        ("SQL of your own", ("conditions", "tables")),
    )

    host_separation_max = forms.FloatField(
        label="Largest distance from the host (arcsec)",
        required=False,
        min_value=0.0,
        help_text="From what Sherlock associates the object with.",
    )
    only_tns = forms.BooleanField(label="Only objects at the TNS", required=False)
    watchlist = forms.IntegerField(
        label="Watchlist", required=False, min_value=1, help_text="Its number at Lasair."
    )
    area = forms.IntegerField(
        label="Area of the sky", required=False, min_value=1, help_text="Its number at Lasair."
    )
    annotator = forms.RegexField(
        label="Annotator", regex=rf"^{_NAME.pattern}$", required=False, help_text="Its topic at Lasair."
    )
    conditions = forms.CharField(
        label="Conditions (WHERE)",
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Added to the others by AND, such as objects.nDiaSources &gt; 5. At most 3,000 characters.",
    )
    tables = forms.CharField(
        label="Further tables",
        required=False,
        max_length=500,
        help_text="Which the conditions name, separated by commas.",
    )

    def _describe(self) -> None:
        super()._describe()
        self.fields["class_name"].label = "Class of Sherlock"
        self.fields.pop("probability_min", None)

    def clean_tables(self) -> str:
        """Take names of tables only."""
        names = [name.strip() for name in self.cleaned_data["tables"].split(",") if name.strip()]
        wrong = [name for name in names if not _NAME.fullmatch(name)]
        if wrong:
            raise forms.ValidationError(f"{', '.join(wrong)} is no name of a table.")
        return ", ".join(names)

    def clean_conditions(self) -> str:
        """Take conditions only, not a whole query."""
        found = self.cleaned_data["conditions"].strip().rstrip(";")
        if re.match(r"(?i)\s*(select|where)\b", found):
            raise forms.ValidationError("Give the conditions alone, without SELECT or WHERE.")
        return found

    def clean(self) -> dict[str, Any]:
        """Ask for something."""
        cleaned = super().clean()
        words = ("sort", "descending", "max_results", "radius", "radius_unit", "data_service", "broker")
        asked = {
            name
            for name, value in cleaned.items()
            if value not in (None, "", False) and name not in words and not name.startswith("query_")
        }
        if not asked and not self.errors:
            raise forms.ValidationError("Ask for something: Lasair has millions of objects.")
        return cleaned


class LasairLsstFields(LasairFields):
    """What can be asked of Lasair for LSST."""

    service_name = "Lasair"
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = (
        ("Rate and reliability", ("rise_rate_min", "reliability_min")),
        *LasairFields.own_fieldsets,
    )
    object_words = "diaObjectId numbers, one a line, or separated by commas or blanks."
    sorts: ClassVar[Sequence[tuple[str, str]]] = (
        ("objects.lastDiaSourceMjdTai", "newest detection"),
        ("objects.firstDiaSourceMjdTai", "first detection"),
        ("objects.nDiaSources", "number of detections"),
    )

    rise_rate_min = forms.FloatField(
        label="Smallest rate of the rise",
        required=False,
        help_text="BBBRiseRate, of Lasair's fit to the light curve.",
    )
    reliability_min = forms.FloatField(
        label="Smallest reliability of the newest detection", required=False, min_value=0.0, max_value=1.0
    )


class LasairZtfFields(LasairFields):
    """What can be asked of the archive of ZTF objects."""

    service_name = "Lasair ZTF"
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = (
        ("Rate of change", ("rate_min", "rate_max")),
        *LasairFields.own_fieldsets,
    )
    object_words = "ZTF names, one a line, or separated by commas or blanks."
    sorts: ClassVar[Sequence[tuple[str, str]]] = (
        ("objects.jdmax", "newest detection"),
        ("objects.ncand", "number of detections"),
    )

    rate_min = forms.FloatField(
        label="Smallest change in g (mag/d)", required=False, help_text="dmdt_g: positive is brightening."
    )
    rate_max = forms.FloatField(label="Largest change in g (mag/d)", required=False)


class LasairLsstForm(LasairLsstFields, BrokerQueryForm):
    """The form of 'Lasair'."""


class LasairZtfForm(LasairZtfFields, BrokerQueryForm):
    """The form of 'Lasair ZTF'."""


class LasairService(CutoutsService):
    """What both services of Lasair share: a query of the form as SQL."""

    client: ClassVar[type[Any]] = Lasair
    detections_column: ClassVar[str]
    most_cutouts = 5
    """An image of a result costs one of the hundred calls that an ordinary account has an hour."""

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield the objects that fit, page by page; a cone is asked for first, then what is known of them."""
        client: Any = self.client()
        asked = self.sql(query)
        if "ra_deg" in query:
            place = {name: query[name] for name in ("ra_deg", "dec_deg", "radius_arcsec")}
            near = client.around(**place)
            ids = [one for one in query.get("ids") or near if one in near]
            for found in client.by_ids(ids, **asked):
                yield replace(found, separation_arcsec=near[found.object_id])
        elif query.get("ids"):
            yield from client.by_ids(query["ids"], **asked)
        else:
            order = query.get("sort") or self.form.sorts[0][0]
            way = "DESC" if query.get("descending") or not query.get("sort") else "ASC"
            for row in client.select(**asked, order=f"{order} {way}"):
                found = client.object_of(row)
                if found is not None:
                    yield found

    def sql(self, query: dict[str, Any]) -> dict[str, Sequence[str]]:
        """Return the conditions, tables and columns of a query."""
        conditions, tables, columns = list(self.own_conditions(query)), [], []
        for name, sign in (("detections_min", ">="), ("detections_max", "<=")):
            if query.get(name) is not None:
                conditions.append(f"objects.{self.detections_column} {sign} {int(query[name])}")
        if query.get("class_name") or query.get("host_separation_max") is not None:
            tables.append(SHERLOCK)
            columns += [f"{SHERLOCK}.classification", f"{SHERLOCK}.separationArcsec"]
        if query.get("class_name"):
            conditions.append(f"{SHERLOCK}.classification = {quoted(query['class_name'])}")
        if query.get("host_separation_max") is not None:
            conditions.append(f"{SHERLOCK}.separationArcsec <= {float(query['host_separation_max'])!r}")
        if query.get("only_tns"):
            tables.append(TNS)
            columns += [f"{TNS}.tns_name", f"{TNS}.tns_prefix", f"{TNS}.type"]
        for name, table in (("watchlist", "watchlists"), ("area", "areas"), ("annotator", "annotators")):
            if query.get(name):
                tables.append(f"{table}:{query[name]}")
        tables += [name for name in str(query.get("tables") or "").split(", ") if name]
        if query.get("conditions"):
            conditions.append(str(query["conditions"]))
        return {"conditions": conditions, "tables": tables, "columns": columns}

    def own_conditions(self, query: dict[str, Any]) -> Iterator[str]:
        """Yield conditions in the columns of the survey."""
        raise NotImplementedError

    def known(self, object_id: str) -> BrokerObject:
        """Return an object with its light curve and classifications."""
        client: Any = self.client()
        return client.known(object_id)

    def image(self, found: BrokerObject, role: str) -> bytes | None:
        """Return an image of the newest alert as FITS."""
        client: Any = self.client()
        return client.image(found.cutouts[role])

    def cutout(self, result: dict[str, Any], role: str) -> tuple[bytes, str] | None:
        """Return an image of the newest alert of a result, of which a list does not tell where it lies."""
        found = self.once(str(result["id"]), self.known)
        return (self.image(found, role) or b"", "image/fits") if role in found.cutouts else None

    def curves(self, ids: Sequence[str]) -> Iterator[tuple[str, Sequence[dict[str, Any]]]]:
        """Give the points of objects, by the same call that tells where their images lie."""
        return self.curves_of(ids, self.known)


class LasairLsstService(LasairService):
    """Lasair for LSST."""

    name = "Lasair"
    client = LasairLsst
    form = LasairLsstForm
    survey = "LSST"
    object_pattern = OBJECT_PATTERN
    detections_column = "nDiaSources"
    results_valid_s = 900.0
    service_notes = "Objects of Rubin's LSST with their context by Sherlock. Needs a token of Lasair."

    def own_conditions(self, query: dict[str, Any]) -> Iterator[str]:
        """Yield limits of the time (TAI), the rise and the reliability."""
        for name, sign in (("mjd_min", ">="), ("mjd_max", "<=")):
            if query.get(name) is not None:
                yield f"objects.lastDiaSourceMjdTai {sign} {float(mjd_utc_to_mjd_tai(query[name])):.6f}"
        if query.get("rise_rate_min") is not None:
            yield f"objects.BBBRiseRate >= {float(query['rise_rate_min'])!r}"
        if query.get("reliability_min") is not None:
            yield f"objects.latestR >= {float(query['reliability_min'])!r}"


class LasairZtfService(LasairService):
    """Lasair's archive of ZTF objects."""

    name = "Lasair ZTF"
    client = LasairZtf
    form = LasairZtfForm
    detections_column = "ncand"
    results_valid_s = 24 * 3600.0
    service_notes = (
        "The archive of ZTF objects at Lasair, which does not grow any more. Needs a token of lasair-ztf."
    )

    def own_conditions(self, query: dict[str, Any]) -> Iterator[str]:
        """Yield limits of the time (JD), the magnitude and its change."""
        for name, sign in (("mjd_min", ">="), ("mjd_max", "<=")):
            if query.get(name) is not None:
                yield f"objects.jdmax {sign} {float(mjd_to_jd(query[name])):.6f}"
        for name, sign in (("rate_min", ">="), ("rate_max", "<=")):
            if query.get(name) is not None:
                yield f"objects.dmdt_g {sign} {float(query[name])!r}"
