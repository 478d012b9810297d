"""The fields that the query forms of brokers have in common, of which each form takes what its broker offers.

`BrokerFields` is mixed into a form of data services (`BrokerQueryForm`) or of ``tom_alerts``. What it cleans
is plain JSON; ``plain_query`` turns that into the numbers that clients ask for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from tom_common.astro.time import datetime_to_mjd_utc, mjd_utc_to_datetime, parse_mjd_utc
from tom_common.astro.typed_position import not_understood, read_position
from tom_dataservices import conf
from tom_dataservices.data_services.broker.understood import POSITION, TIME, show_understood
from tom_dataservices.forms import SAVING_FIELDS, BaseQueryForm
from tom_dataservices.results import NameTakenError, known_by_name
from tom_dataservices.service_choices import kept_choices

UNITS = {"arcsec": 1.0, "arcmin": 60.0, "deg": 3600.0}
MOST_RESULTS = 10_000
_RANGES = (
    ("mag_min", "mag_max", "the brightest magnitude", "the faintest"),
    ("detections_min", "detections_max", "the fewest detections", "the most"),
)

PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "objects": ("Objects", ("objects",)),
    "cone": ("Place", ("position", "from_target", "radius", "radius_unit")),
    "time": ("Time", ("since", "until", "last_days")),
    "magnitude": ("Brightness", ("mag_min", "mag_max")),
    "class": ("Class", ("class_name", "probability_min")),
    "detections": ("Detections", ("detections_min", "detections_max")),
    "sort": ("Answer", ("sort", "descending")),
}
"""Headings and fields of each part; ``max_results`` belongs to every form."""


class UtcField(forms.CharField):
    """A time as people type it (ISO, MJD or JD); cleaned to ISO 8601 in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        super().__init__(**{"required": False, **kwargs})
        self.widget.attrs.setdefault("placeholder", "2026-11-21 03:30 or 61365.15")

    def clean(self, value: Any) -> str:
        """Return ISO 8601 in UTC, empty for nothing.

        Raises
        ------
        ValidationError
        """
        typed = super().clean(value)
        if not typed:
            return ""
        try:
            return mjd_utc_to_datetime(parse_mjd_utc(typed)).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (ValueError, OverflowError) as error:
            raise ValidationError(f"This time is not understood: {error}.") from error

    def prepare_value(self, value: Any) -> Any:
        """Show a kept time as it can be typed."""
        return str(value).replace("T", " ").removesuffix("Z") if value else value


class ListedChoiceField(forms.ChoiceField):
    """A choice from a list that the service keeps: one that is no longer on it stays valid.

    The service itself refuses what it does not know, with a sentence.
    """

    def valid_value(self, value: Any) -> bool:
        """Take any text of a reasonable length."""
        return len(str(value)) <= 200


class BrokerFields(forms.Form):
    """The common block of brokers' query forms.

    Attributes
    ----------
    offers : sequence of str
        Keys of `PARTS` that this form has.
    service_name : str
        Whose lists of choices it shows (``service_choices``).
    default_classes : sequence of (value, words)
        Classes where the list was never read.
    sorts : sequence of (value, words)
    max_radius_arcsec : float
        Largest cone of the service.
    rows_a_page : int
        Rows that one request brings: the cost of many results.
    modes : mapping from str to sequence of str
        Where the service answers one kind of question at a time: words of each kind, and the fields of which
        one makes the question one of that kind.
    own_fieldsets : sequence of (heading, field names)
        Fields of the subclass.
    object_words : str
        Help under the list of objects.
    """

    takes_user = True
    offers: ClassVar[Sequence[str]] = tuple(PARTS)
    service_name: ClassVar[str] = ""
    default_classes: ClassVar[Sequence[tuple[Any, Any]]] = ()
    sorts: ClassVar[Sequence[tuple[str, str]]] = ()
    max_radius_arcsec: ClassVar[float] = 3600.0
    rows_a_page: ClassVar[int] = 100
    modes: ClassVar[dict[str, Sequence[str]]] = {}
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = ()
    object_words: ClassVar[str] = "One a line, or separated by commas or blanks."

    objects = forms.CharField(
        label="Object names", required=False, max_length=100_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    position = forms.CharField(
        label="Position",
        required=False,
        max_length=200,
        help_text="Right ascension and declination, ICRS: degrees or sexagesimal, as you have them.",
    )
    from_target = forms.CharField(
        label="Or the position of a target",
        required=False,
        max_length=100,
        help_text="Name of a target of this TOM.",
    )
    radius = forms.FloatField(label="Radius", required=False, min_value=0.0)
    radius_unit = forms.ChoiceField(
        label="Unit of the radius", choices=[(unit, unit) for unit in UNITS], required=False
    )
    since = UtcField(label="Since (UTC)", help_text="ISO, MJD or JD.")
    until = UtcField(label="Until (UTC)", help_text="ISO, MJD or JD.")
    last_days = forms.FloatField(
        label="Or the last days (d)",
        required=False,
        min_value=0.0,
        help_text="Counted back from each run: for a query that runs by itself.",
    )
    mag_min = forms.FloatField(label="Brightest (mag)", required=False)
    mag_max = forms.FloatField(label="Faintest (mag)", required=False)
    class_name = ListedChoiceField(label="Class", required=False)
    probability_min = forms.FloatField(
        label="Smallest probability", required=False, min_value=0.0, max_value=1.0, help_text="0 to 1."
    )
    detections_min = forms.IntegerField(label="Fewest detections", required=False, min_value=0)
    detections_max = forms.IntegerField(label="Most detections", required=False, min_value=0)
    sort = forms.ChoiceField(label="Sorted by", required=False)
    descending = forms.BooleanField(label="Largest first", required=False)
    max_results = forms.IntegerField(label="At most", required=False, min_value=1, max_value=MOST_RESULTS)

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if self.initial.get("from_target"):  # an earlier query holds the place that its target had, too
            self.initial = {**self.initial, "position": ""}
        for part, (_, names) in PARTS.items():
            if part not in self.offers:
                for name in names:
                    self.fields.pop(name, None)
        self._describe()
        for name, field in self.fields.items():
            if name == "position" or isinstance(field, UtcField):
                typed = self.data.get(name) if self.is_bound else self.get_initial_for_field(field, name)
                show_understood(field, name, POSITION if name == "position" else TIME, typed)

    def _describe(self) -> None:
        """Fill in what differs from broker to broker."""
        fields = self.fields
        if "objects" in fields:
            fields["objects"].help_text = self.object_words
        if "radius" in fields:
            largest = self.max_radius_arcsec
            words = f"{largest / 3600:g} deg" if largest >= 3600 else f"{largest:g} arcsec"
            fields["radius"].help_text = f"Empty: 10 arcsec. At most {words}."
        if "class_name" in fields:
            listed = kept_choices(self.service_name, "classes", self.default_classes)
            fields["class_name"].choices = [("", "any"), *listed]  # type: ignore[attr-defined]
        if "sort" in fields:
            if self.sorts:
                fields["sort"].choices = [("", "as the service has it"), *self.sorts]  # type: ignore[attr-defined]
            else:
                del fields["sort"], fields["descending"]
        fields["max_results"].help_text = (
            f"The first {conf.results_shown():,} are fetched, and more when you ask for them; a query that"
            f" runs by itself fetches all, up to {MOST_RESULTS:,}. One request brings"
            f" {self.rows_a_page:,} rows."
        )

    @property
    def fieldsets(self) -> list[tuple[str, list[str]]]:
        """The fields under their headings, for our templates; those for keeping stand elsewhere."""
        groups = [
            (heading, [name for name in names if name in self.fields])
            for part, (heading, names) in PARTS.items()
            if part != "sort"
        ]
        own = [(heading, list(names)) for heading, names in self.own_fieldsets]
        answer = ("Answer", [name for name in ("sort", "descending", "max_results") if name in self.fields])
        # A form that is always kept asks for a name first; else it stands with the box that keeps it.
        name = [] if "query_save" in self.fields else [("Query", ["query_name"])]
        return [group for group in (*name, *groups, *own, answer) if group[1]]

    def get_advanced_form_partial(self) -> str | None:
        """Return the template with the fields under their headings."""
        return "tom_dataservices/partials/broker_form.html"

    def query_groups(self) -> list[Any]:
        """Return the groups of fields that a page shows, without those for keeping that stand elsewhere."""
        from tom_common.templatetags.form_extras import field_groups

        groups = field_groups(self)
        if "query_save" in self.fields:
            for group in groups:
                group.fields = [one for one in group.fields if one.name not in SAVING_FIELDS]
        return [group for group in groups if group.fields]

    # --- cleaning

    def clean_objects(self) -> str:
        """Return the names once each, one a line."""
        return "\n".join(dict.fromkeys(re.split(r"[\s,;]+", self.cleaned_data["objects"].strip())))

    def clean_from_target(self) -> str:
        """Look for the target, which has to have a fixed position."""
        name = self.cleaned_data["from_target"].strip()
        if not name:
            return ""
        try:
            found = known_by_name([name], user=self.user)
        except NameTakenError:
            found = None
        if found is None:
            raise ValidationError(f"This TOM has no target named {name}.")
        if found.ra is None or found.dec is None:
            raise ValidationError(f"{name} has no fixed position.")
        self._place = f"{found.ra:.7f} {found.dec:+.7f}"
        return name

    def clean(self) -> dict[str, Any]:
        """Hold the fields against each other."""
        cleaned = super().clean() or self.cleaned_data
        self._clean_cone(cleaned)
        self._clean_time(cleaned)
        for low, high, low_words, high_words in _RANGES:
            if (
                cleaned.get(low) is not None
                and cleaned.get(high) is not None
                and cleaned[low] > cleaned[high]
            ):
                self.add_error(high, f"This is {high_words}: it cannot be below {low_words}.")
        self._clean_modes(cleaned)
        return cleaned

    def _clean_cone(self, cleaned: dict[str, Any]) -> None:
        if "position" not in self.fields:
            return
        if cleaned.get("from_target"):
            if cleaned.get("position"):
                self.add_error("from_target", "Give a position or a target, not both.")
                return
            cleaned["position"] = self._place
        typed = cleaned.get("position") or ""
        unit = cleaned.get("radius_unit") or "arcsec"
        radius = cleaned.get("radius")
        if not typed:
            if radius is not None and "position" not in self.errors and "from_target" not in self.errors:
                self.add_error("position", "A radius needs a position: give one, or a target.")
            return
        found = read_position(typed)
        if found is None:
            self.add_error("position", not_understood(typed))
            return
        if radius is None:
            in_arcsec = 10.0 if found.radius_arcsec is None else found.radius_arcsec
            radius, unit = in_arcsec, "arcsec"
        if radius == 0:
            self.add_error("radius", "The radius has to be above 0.")
        elif radius * UNITS[unit] > self.max_radius_arcsec * (1 + 1e-9):
            largest = self.max_radius_arcsec / UNITS[unit]
            self.add_error("radius", f"This service takes at most {largest:g} {unit}.")
        cleaned.update(position=f"{found.ra_deg:.7f} {found.dec_deg:+.7f}", radius=radius, radius_unit=unit)

    def _clean_time(self, cleaned: dict[str, Any]) -> None:
        since, until, last = (cleaned.get(name) for name in ("since", "until", "last_days"))
        if last and (since or until):
            self.add_error("last_days", "Give a window, or the last days, not both.")
        elif since and until and since > until:
            self.add_error("until", "The window ends before it begins.")

    def _clean_modes(self, cleaned: dict[str, Any]) -> None:
        if not self.modes:
            return
        asked = [words for words, names in self.modes.items() if any(cleaned.get(name) for name in names)]
        kinds = ", ".join(self.modes)
        if not asked and not self.errors:
            raise ValidationError(f"Ask for one of: {kinds}.")
        if len(asked) > 1:
            raise ValidationError(
                f"This service answers one kind of question at a time: {' and '.join(asked)} were asked for."
            )


class BrokerQueryForm(BrokerFields, BaseQueryForm):
    """The query form of a broker that is a data service."""


def plain_query(cleaned: dict[str, Any]) -> dict[str, Any]:
    """Return cleaned data of a form as what clients ask for; fields without a value are left out.

    A number of 0 is a value. Adds ``ids`` (list of str), ``ra_deg``, ``dec_deg`` and ``radius_arcsec``,
    ``mjd_min`` and ``mjd_max`` (UTC, d; the last days are counted back from now). Other fields keep their
    names.
    """
    query = {
        key: value
        for key, value in cleaned.items()
        if value is not None
        and value is not False
        and value not in ("", [])
        and key not in (*SAVING_FIELDS, "data_service", "broker")
    }
    query["ids"] = str(query.pop("objects", "") or "").split()
    found = read_position(str(query.pop("position", "") or ""))
    if found is not None:
        radius = float(query.pop("radius", None) or found.radius_arcsec or 10.0)
        unit = UNITS[query.pop("radius_unit", None) or "arcsec"]
        query.update(ra_deg=found.ra_deg, dec_deg=found.dec_deg, radius_arcsec=radius * unit)
    for name in ("radius", "radius_unit", "from_target"):
        query.pop(name, None)
    for source, name in (("since", "mjd_min"), ("until", "mjd_max")):
        if query.get(source):
            query[name] = parse_mjd_utc(str(query.pop(source)))
    last_days = float(query.pop("last_days", 0.0))
    if last_days > 0:
        query["mjd_min"] = datetime_to_mjd_utc(timezone.now()) - last_days
    return query
