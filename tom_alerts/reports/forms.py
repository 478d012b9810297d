"""The forms of reports: what is asked, what TNS and Hermes get of it, and how it reads."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tom_alerts.reports import payloads, prefill, value_lists
from tom_alerts.reports.destinations import hermes_topics
from tom_common.astro.angles import parse_dec_deg, parse_ra_deg
from tom_common.astro.time import mjd_utc_to_datetime, parse_mjd_utc
from tom_targets.forms import CoordinateField


class MomentField(forms.CharField):
    """Reads a time as date and time, MJD or JD, all UTC; gives a datetime."""

    def clean(self, value: Any) -> Any:
        """Return the moment, None where nothing was typed."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return mjd_utc_to_datetime(parse_mjd_utc(text))
        except ValueError as error:
            reason = str(error)
            raise ValidationError(f"{reason[:1].upper()}{reason[1:]}.") from error

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the box."""
        return payloads.utc_text(value) if isinstance(value, dt.datetime) else value


class ReportForm(forms.Form):
    """What the forms of all reports share.

    Parameters
    ----------
    target : Target
    user : User
        Who reports, and sees the data.
    """

    fieldsets: Any = ()

    def __init__(self, *args: Any, target: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.target = target
        self.user = user
        self.fill_choices()

    def fill_choices(self) -> None:
        """Give the fields of numbers their lists."""

    def choose(self, name: str, kind: str, *, first: tuple[str, ...] = (), empty: str = "–") -> None:
        """Let a field choose from a list of TNS."""
        given = self.data.get(self.add_prefix(name)) if self.is_bound else self.initial.get(name)
        found = value_lists.choices(kind, beside=given if str(given or "").isdecimal() else None, first=first)
        self.fields[name].choices = [("", empty), *found]  # type: ignore[attr-defined]

    def spectra_choices(self) -> None:
        """Let the field ``spectra`` choose from those that the user may see."""
        rows = prefill.spectra_of(self.target, self.user).defer("flux", "wavelength", "error", "value")
        self.fields["spectra"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.timestamp:%Y-%m-%d %H:%M} UTC {row.telescope} {row.instrument}".strip())
            for row in rows[:100]
        ]

    def chosen_spectra(self) -> list[Any]:
        """Return the spectra that go along, as chosen."""
        keys = [int(key) for key in self.cleaned_data.get("spectra") or ()]
        found = prefill.spectra_of(self.target, self.user).in_bulk(keys)
        return [found[key] for key in keys if key in found]

    def body(self) -> dict[str, Any]:
        """Return what the service gets."""
        raise NotImplementedError

    def summary(self) -> list[tuple[str, str]]:
        """Return what was filled in, as pairs of label and text."""
        lines = []
        for name, field in self.fields.items():
            value = self.cleaned_data.get(name)
            if value in (None, "", [], False):
                continue
            label = str(field.label or name.replace("_", " ").capitalize())
            lines.append((label, _shown(field, value)))
        return lines

    def plain_values(self) -> dict[str, Any]:
        """Return what was filled in as plain values, for the form to be opened again."""
        return {
            name: payloads.utc_text(value) if isinstance(value, dt.datetime) else value
            for name, value in self.cleaned_data.items()
        }


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(value, dt.datetime):
        return f"{payloads.utc_text(value)} UTC"
    if isinstance(field, forms.MultipleChoiceField):
        names = dict((str(key), name) for key, name in field.choices)
        return ", ".join(str(names.get(str(one), one)) for one in value)
    if isinstance(field, forms.ChoiceField):
        names = dict((str(key), name) for key, name in field.choices)
        name = names.get(str(value), "")
        return f"{name} ({value})" if str(value).isdecimal() else str(name or value)
    return "yes" if value is True else str(value)


def _number(label: str, *, required: bool = False, help_text: str = "", **limits: Any) -> forms.FloatField:
    box = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.FloatField(label=label, required=required, help_text=help_text, widget=box, **limits)


def _choice(label: str, *, required: bool = False, help_text: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=required, help_text=help_text)


_DIGITS = 7
"""Of a position in degrees: a thousandth of an arcsecond."""
_PEOPLE = forms.CharField
_PEOPLE_HELP = "Names with affiliations, as TNS shall print them. Kept for your next report."
_TIME_HELP = "UTC: 2026-11-21 04:30:00, MJD or JD."


class DiscoveryForm(ReportForm):
    """A report of a discovery to TNS."""

    ra = CoordinateField(
        label="Right ascension", parse=parse_ra_deg, help_text="Degrees or sexagesimal, J2000."
    )
    dec = CoordinateField(label="Declination", parse=parse_dec_deg)
    position_error = _number("Error of the position (″)", min_value=0.0, max_value=60.0)
    discovery_datetime = MomentField(label="Discovered", help_text=_TIME_HELP)
    at_type = _choice("What it may be", required=True)
    internal_name = forms.CharField(label="Internal name", max_length=100, required=False)
    host_name = forms.CharField(label="Host", max_length=100, required=False)
    host_redshift = _number("Redshift of the host", min_value=-0.1, max_value=20.0)
    transient_redshift = _number("Redshift of the transient", min_value=-0.1, max_value=20.0)

    reporter = _PEOPLE(
        label="Reporters", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), help_text=_PEOPLE_HELP
    )
    reporting_group = _choice("Reporting group", required=True)
    data_source_group = _choice("Source of the data", required=True)
    remarks = forms.CharField(
        label="Remarks", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    proprietary_days = forms.IntegerField(
        label="Kept from the public for (days)", required=False, min_value=0, max_value=365
    )

    obsdate = MomentField(label="Observed", help_text=_TIME_HELP)
    flux = _number("Magnitude", required=True, help_text="AB.")
    flux_error = _number("Error", min_value=0.0)
    filter = _choice("Filter", required=True)
    instrument = _choice("Instrument", required=True)
    exptime = _number("Exposure (s)", min_value=0.0)
    observer = forms.CharField(label="Observer", max_length=200, required=False)
    comments = forms.CharField(label="Comments", max_length=500, required=False)

    limit_obsdate = MomentField(label="Not seen at", required=False, help_text=_TIME_HELP)
    limiting_flux = _number("Limiting magnitude", help_text="AB.")
    limit_filter = _choice("Filter of the limit")
    limit_instrument = _choice("Instrument of the limit")
    limit_exptime = _number("Exposure of the limit (s)", min_value=0.0)
    archival_remarks = forms.CharField(
        label="Archive",
        max_length=500,
        required=False,
        help_text="For example DSS, where no limit of your own is known.",
    )

    fieldsets = (
        (
            "The transient",
            (
                "ra",
                "dec",
                "position_error",
                "discovery_datetime",
                "at_type",
                "internal_name",
                "host_name",
                "host_redshift",
                "transient_redshift",
            ),
        ),
        (
            "Discovery point",
            ("obsdate", "flux", "flux_error", "filter", "instrument", "exptime", "observer", "comments"),
        ),
        (
            "Last non-detection",
            (
                "limit_obsdate",
                "limiting_flux",
                "limit_filter",
                "limit_instrument",
                "limit_exptime",
                "archival_remarks",
            ),
            "TNS wants the last limit before the discovery, or where in an archive the place is empty.",
        ),
        (
            "Who reports",
            ("reporter", "reporting_group", "data_source_group", "proprietary_days", "remarks"),
        ),
    )

    def fill_choices(self) -> None:
        """Give the fields of numbers their lists."""
        self.fields["at_type"].choices = [("", "–"), *value_lists.KNOWN["at_types"].items(), ("0", "Other")]  # type: ignore[attr-defined]
        for name in ("filter", "limit_filter"):
            self.choose(name, "filters")
        for name in ("instrument", "limit_instrument"):
            self.choose(name, "instruments")
        for name in ("reporting_group", "data_source_group"):
            self.choose(name, "groups")

    def clean(self) -> dict[str, Any]:
        """Refuse a limit without a place, and one after the discovery."""
        found = super().clean() or {}
        for name in ("ra", "dec"):
            if found.get(name) is not None:
                found[name] = round(found[name], _DIGITS)
        when, limit = found.get("limit_obsdate"), found.get("limiting_flux")
        if (when is None) != (limit is None):
            missing = "limiting_flux" if limit is None else "limit_obsdate"
            self.add_error(missing, "A limit has a time and a magnitude: give both, or neither.")
        if when is None and not found.get("archival_remarks"):
            self.add_error(
                "limit_obsdate", "Give the last limit, or say in which archive the place is empty."
            )
        if when and found.get("discovery_datetime") and when > found["discovery_datetime"]:
            self.add_error("limit_obsdate", "The last limit lies before the discovery.")
        for name in ("limit_filter", "limit_instrument"):
            if limit is not None and not found.get(name):
                self.add_error(name, "TNS wants to know it for a limit.")
        return found

    def body(self) -> dict[str, Any]:
        """Return the report as TNS takes it."""
        return payloads.at_report(self.cleaned_data)


class ClassificationForm(ReportForm):
    """A report of a classification to TNS."""

    name = forms.CharField(label="Name on TNS", max_length=30, help_text="Without AT or SN: 2026abc.")
    object_type = _choice("Class", required=True)
    redshift = _number("Redshift", min_value=-0.1, max_value=20.0)
    classifier = _PEOPLE(
        label="Classifiers", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), help_text=_PEOPLE_HELP
    )
    group = _choice("Classifying group", required=True)
    remarks = forms.CharField(
        label="Remarks", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    proprietary_days = forms.IntegerField(
        label="Kept from the public for (days)", required=False, min_value=0, max_value=365
    )
    spectra = forms.MultipleChoiceField(
        label="Spectra",
        widget=forms.CheckboxSelectMultiple,
        help_text="Sent as text files of wavelength and flux.",
    )
    instrument = _choice("Instrument of the spectra", required=True)
    observer = forms.CharField(label="Observer", max_length=200, required=False)
    reducer = forms.CharField(label="Reducer", max_length=200, required=False)

    fieldsets = (
        ("The classification", ("name", "object_type", "redshift", "remarks")),
        ("Spectra", ("spectra", "instrument", "observer", "reducer")),
        ("Who reports", ("classifier", "group", "proprietary_days")),
    )

    def fill_choices(self) -> None:
        """Give the fields of numbers their lists."""
        self.choose("object_type", "object_types")
        self.choose("group", "groups")
        self.choose("instrument", "instruments")
        self.spectra_choices()

    def clean_name(self) -> str:
        """Take the prefix off, and refuse what is no name of TNS."""
        found = prefill.OFFICIAL_NAME.match(self.cleaned_data["name"].strip())
        if not found:
            raise ValidationError("Names on TNS look like 2026abc. Report the discovery first.")
        return found.group(2)

    def body(self) -> dict[str, Any]:
        """Return the report as TNS takes it."""
        return payloads.classification_report(self.cleaned_data, self.chosen_spectra())


class HermesForm(ReportForm):
    """A message to Hermes."""

    title = forms.CharField(label="Title", max_length=200)
    topic = _choice("Topic", required=True, help_text="All who listen to the topic get the message.")
    authors = _PEOPLE(
        label="Authors",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Names with affiliations. Kept for your next message.",
    )
    message_text = forms.CharField(
        label="Message", max_length=20000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    new_discovery = forms.BooleanField(label="It is a new discovery", required=False)
    photometry_since = MomentField(
        label="Photometry since", required=False, help_text=f"{_TIME_HELP} Empty: the whole light curve."
    )
    with_photometry = forms.BooleanField(label="Send photometry", required=False, initial=True)
    spectra = forms.MultipleChoiceField(label="Spectra", required=False, widget=forms.CheckboxSelectMultiple)

    fieldsets = (
        ("Message", ("title", "topic", "authors", "message_text", "new_discovery")),
        ("Data", ("with_photometry", "photometry_since", "spectra")),
    )

    def fill_choices(self) -> None:
        """Give topics and spectra."""
        self.fields["topic"].choices = [(topic, topic) for topic in hermes_topics()]  # type: ignore[attr-defined]
        self.spectra_choices()
        if not self.fields["spectra"].choices:  # type: ignore[attr-defined]
            del self.fields["spectra"]

    def points(self) -> list[Any]:
        """Return the points that go along."""
        if not self.cleaned_data.get("with_photometry"):
            return []
        points = prefill.points_of(self.target, self.user).select_related("target")
        since = self.cleaned_data.get("photometry_since")
        if since is not None:
            points = points.filter(timestamp__gte=since)
        return list(points[: payloads.MAX_POINTS + 1])

    def clean(self) -> dict[str, Any]:
        """Refuse more points than a message can carry."""
        found = super().clean() or {}
        self.found_points = self.points() if not self.errors else []
        if len(self.found_points) > payloads.MAX_POINTS:
            self.add_error(
                "photometry_since", f"These are more than {payloads.MAX_POINTS} points: begin later."
            )
        return found

    def body(self) -> dict[str, Any]:
        """Return the message as Hermes takes it."""
        return payloads.hermes_message(
            self.cleaned_data,
            submitter=self.user.get_full_name() or self.user.get_username(),
            target=self.target,
            points=self.found_points,
            spectra=self.chosen_spectra(),
        )

    def summary(self) -> list[tuple[str, str]]:
        """Return what was filled in, and how much of the data goes along."""
        return [*super().summary(), ("Points of photometry", str(len(self.found_points)))]
