"""The Transient Name Server as a broker: search, objects, photometry, spectra."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms

from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.clients.shapes import as_rows
from tom_dataservices.clients.tns_search import (
    MAX_RADIUS_ARCSEC,
    TnsSearch,
    named_object,
    question,
    tns_transient,
)
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm, BrokerService
from tom_dataservices.data_services.tns_spectra import store_spectra
from tom_dataservices.exceptions import MissingDataException, QueryServiceError
from tom_dataservices.tns_list import covered_until
from tom_dataservices.tns_list_search import official_names, search

_OFFICIAL = re.compile(r"(?:AT|SN|FRB|TDE|FBOT)?\s*((?:\d{4}){1,2}[a-zA-Z]+)", re.IGNORECASE)
_DETAILS = 20
_MOST_DETAILS = 200
_CLASSES = (
    ("1", "SN"),
    ("3", "SN Ia"),
    ("4", "SN Ib"),
    ("5", "SN Ic"),
    ("10", "SN II"),
    ("13", "SN IIn"),
    ("14", "SN IIb"),
    ("18", "SLSN-I"),
    ("19", "SLSN-II"),
    ("120", "TDE"),
)
_ASKING = (
    ("objects", "position", "from_target", "since", "until", "last_days", "mag_min", "mag_max", "class_name")
    + ("name_like", "internal_like", "classified", "redshift_min", "redshift_max", "hostname")
    + ("reporting_groupid", "data_source_groupid", "has_spectra", "with_frb")
)
_NOT_LISTED = (
    "hostname",
    "has_spectra",
    "non_detection_days_max",
    "reporting_groupid",
    "data_source_groupid",
)


class TnsFields(BrokerFields):
    """What the search of TNS can be asked for."""

    service_name = "TNS"
    offers = ("objects", "cone", "time", "magnitude", "class")
    max_radius_arcsec = MAX_RADIUS_ARCSEC
    default_classes = _CLASSES
    object_words = "Official names (SN2023ixf) or those of surveys (ZTF23aaklqou); commas or lines between."
    own_fieldsets: ClassVar[Any] = (
        ("Names", ("name_like", "internal_like")),
        (
            "Kind of transient",
            ("classified", "redshift_min", "redshift_max", "hostname", "has_spectra", "with_frb"),
        ),
        ("Who reported it", ("reporting_groupid", "data_source_groupid")),
        ("Which time", ("time_of", "non_detection_days_max")),
        ("Who answers", ("from_list", "details")),
    )

    name_like = forms.CharField(label="Official name begins with", required=False, max_length=50)
    internal_like = forms.CharField(label="Survey's name contains", required=False, max_length=100)
    classified = forms.ChoiceField(
        label="Classified",
        choices=[("", "or not"), ("yes", "supernovae that are classified"), ("no", "not yet")],
        required=False,
    )
    redshift_min = forms.FloatField(label="Smallest redshift", required=False)
    redshift_max = forms.FloatField(label="Largest redshift", required=False)
    hostname = forms.CharField(label="Host galaxy", required=False, max_length=100)
    has_spectra = forms.BooleanField(label="With spectra", required=False)
    with_frb = forms.BooleanField(label="With fast radio bursts", required=False)
    reporting_groupid = forms.IntegerField(
        label="Reporting group", required=False, min_value=1, help_text="Its number at TNS."
    )
    data_source_groupid = forms.IntegerField(
        label="Data source",
        required=False,
        min_value=1,
        help_text="Its number at TNS: that of ZTF is 48, of Rubin 165.",
    )
    time_of = forms.ChoiceField(
        label="The time is that of",
        choices=[("discovered", "the discovery, to the day"), ("changed", "the last change at TNS")],
        required=False,
    )
    non_detection_days_max = forms.FloatField(
        label="Most days from the last non-detection to the discovery",
        required=False,
        min_value=0.0,
        help_text="TNS cannot be asked for it: only transients whose details are read can be chosen by it.",
    )
    from_list = forms.BooleanField(label="Ask the daily list that is kept here", required=False)
    details = forms.IntegerField(
        label="Read the details of the first",
        required=False,
        min_value=0,
        max_value=_MOST_DETAILS,
        help_text=(
            f"Empty: {_DETAILS}. TNS gives a list of names; place, class and brightness of each cost one "
            "more request, of which it allows some tens a minute. The rest is shown by name, and read when "
            "it becomes a target."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("probability_min", None)
        until = covered_until()
        if until is None:
            self.fields.pop("from_list")
        else:
            words = (
                f"Costs no request, and tells class and place of all, as of the end of {until:%Y-%m-%d} UTC."
            )
            self.fields["from_list"].help_text = words

    def clean_objects(self) -> str:
        """Return the names once each, one a line; a blank behind ``SN`` is none between names."""
        text = re.sub(r"\b(AT|SN|FRB|TDE|FBOT)\s+(?=\d{4})", r"\1", self.cleaned_data["objects"], flags=re.I)
        self.cleaned_data["objects"] = text
        return super().clean_objects()

    def clean(self) -> dict[str, Any]:
        """Refuse a question about nothing: TNS would answer with all there is."""
        cleaned = super().clean()
        if not self.errors and not any(cleaned.get(name) for name in _ASKING):
            raise forms.ValidationError("Ask for something: a name, a place, a time, a class or a magnitude.")
        low, high = cleaned.get("redshift_min"), cleaned.get("redshift_max")
        if low is not None and high is not None and low > high:
            self.add_error("redshift_max", "This is the largest redshift: it cannot be below the smallest.")
        if cleaned.get("from_list"):
            for name in (name for name in _NOT_LISTED if cleaned.get(name)):
                self.add_error(name, "The daily list does not tell this: ask TNS itself.")
        return cleaned


class TnsForm(TnsFields, BrokerQueryForm):
    """The query form of TNS."""


class TnsService(BrokerService):
    """Transients of the Transient Name Server."""

    name = "TNS"
    verbose_name = "Transient Name Server"
    client = TnsSearch
    form = TnsForm
    survey = "TNS"
    object_pattern = r"(?i)(?:AT|SN|FRB|TDE|FBOT)\s*((?:\d{4}){1,2}[a-z]+)"
    service_notes = "Official names and classifications of transients, with what was reported of them."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tns = TnsSearch()
        self._said: dict[str, dict[str, Any]] = {}

    def build_query_parameters(self, parameters: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return what is asked for; ``term`` is one name, as catalogues are asked."""
        values = dict(parameters)
        term = str(values.pop("term", "") or "").strip()
        if term:
            found = _OFFICIAL.fullmatch(term)
            values["objects"] = found[1] if found else term
        return super().build_query_parameters(values, **kwargs)

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield transients: those named; else what the search finds, details of the first ones read.

        Raises
        ------
        QueryServiceError
            If the daily list is asked, and was never read.
        """
        if query.get("from_list"):
            if covered_until() is None:
                raise QueryServiceError("The daily list of TNS was not read here yet: ask TNS itself.")
            yield from search(query)
            return
        if query["ids"]:
            for name in query["ids"]:
                yield from self._named(name)
            return
        wanted = query | {"objname": query.get("name_like"), "internal_name": query.get("internal_like")}
        details = int(query.get("details", _DETAILS))
        for number, row in enumerate(self._tns.search(question(wanted))):
            yield self.known(str(row["objname"])) if number < details else named_object(row)

    def fits(self, found: BrokerObject, query: dict[str, Any]) -> bool:
        """Tell whether a transient is shown; the search looked after all but the last non-detection."""
        most = query.get("non_detection_days_max")
        if most is None:
            return True
        days = found.extras.get("days_from_last_non_detection")
        return days is not None and days <= most

    def _named(self, name: str) -> Iterator[BrokerObject]:
        official = _OFFICIAL.fullmatch(name)
        if official:
            objnames = [official[1]]
        else:
            objnames = official_names(name)  # the daily list spares a question
            if not objnames:
                rows = self._tns.search({"internal_name": name, "internal_name_exact_match": "1"})
                objnames = [str(row["objname"]) for row in rows]
        for objname in objnames:
            try:
                yield self.known(objname)
            except MissingDataException:
                continue

    def known(self, object_id: str) -> BrokerObject:
        """Return one transient with its photometry."""
        said = self._tns.object(object_id)
        self._said[said["objname"]] = said
        return tns_transient(said)

    def completed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return a result with its place; one that was shown by name is read now."""
        if result.get("ra") is not None:
            return result
        return self.known(str(result["id"])).as_result()

    def build_query_parameters_from_target(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the question for one target: by its official name, else by its place."""
        asked = super().build_query_parameters_from_target(target, **kwargs)
        return asked if asked["ids"] else asked | {"details": 1}

    def query_reduced_data(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return photometry and classification of a target, and the list of its spectra."""
        found = super().query_reduced_data(target, **kwargs)
        said = [self._said.get(one.object_id) or {} for one in self.objects_of(target)]
        return found | {"spectroscopy": [row for one in said for row in as_rows(one.get("spectra"))]}

    def query_aliases(self, query_parameters: Any = None, target: Any = None, **kwargs: Any) -> list[str]:
        """Return the official names of a target, with their prefix, and those of surveys."""
        if target is None:
            return []
        names = [name for found in self.objects_of(target) for name in (found.name, *found.aliases)]
        return [name for name in dict.fromkeys(names) if name != target.name]

    def create_reduced_datums_from_query(
        self, target: Any, data: Any, data_type: str | None = None, **kwargs: Any
    ) -> list[Any]:
        """Store photometry, classifications, or the spectra of a list; return the rows."""
        if data_type == "spectroscopy":
            return store_spectra(target, data, read=self._tns.connection.text_of)
        return super().create_reduced_datums_from_query(target, data, data_type, **kwargs)

    def lists(self) -> dict[str, Sequence[tuple[Any, Any]]]:
        """Ask for the classes."""
        return {"classes": self._tns.classes()}
