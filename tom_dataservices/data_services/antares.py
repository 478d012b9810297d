"""ANTARES as a broker."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms

from tom_dataservices.clients.antares import (
    MAX_RADIUS_ARCSEC,
    NEWEST_FIRST,
    Antares,
    antares_object,
    elasticsearch_query,
)
from tom_dataservices.clients.broker import BrokerObject, pieces
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm, BrokerService
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.service_choices import kept_choices

_LOCUS = re.compile(r"ANT\d{4}[a-z0-9]+", re.IGNORECASE)
_RUBIN = re.compile(r"(?:LSST-(?:P-DO|AP-DO)-|LSST[ -]?)?(\d{8,19})", re.IGNORECASE)
_IDS_A_QUESTION = 100
_TAGS = (
    "extragalactic",
    "high_amplitude_transient_candidate",
    "high_amplitude_variable_star_candidate",
    "high_snr",
    "in_m31",
    "nova_test",
    "nuclear_transient",
    "refitt_newsources_snrcut",
    "sso_candidates",
    "young_extragalactic_candidate",
)


class _JsonField(forms.JSONField):
    """JSON, whose box is empty where there is none."""

    def prepare_value(self, value: Any) -> Any:
        """Return what the box shows."""
        return "" if value is None else super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        """Return what the text says; refuse what is no JSON, and say where it is not.

        Raises
        ------
        ValidationError
        """
        try:
            return super().to_python(value)
        except forms.ValidationError as refusal:
            if not isinstance(error := refusal.__context__, json.JSONDecodeError):
                raise
            raise forms.ValidationError(
                f"This is no JSON: {error.msg}, line {error.lineno}, column {error.colno}."
                ' Expected for example {"query": {"term": {"tags": "high_snr"}}}.'
            ) from error


class AntaresFields(BrokerFields):
    """What ANTARES can be asked for."""

    service_name = "ANTARES"
    offers = ("objects", "cone", "time", "magnitude", "detections", "sort")
    max_radius_arcsec = MAX_RADIUS_ARCSEC
    object_words = "ANTARES loci, ZTF names or Rubin numbers; one a line, or with commas or blanks between."
    sorts: ClassVar[Sequence[tuple[str, str]]] = (
        ("properties.newest_alert_observation_time", "time of the newest alert"),
        ("properties.newest_alert_magnitude", "magnitude of the newest alert"),
        ("properties.num_mag_values", "number of detections"),
    )
    own_fieldsets = (("Tags and catalogues", ("tags", "catalogs")), ("Free filter", ("elasticsearch",)))

    tags = forms.MultipleChoiceField(
        required=False, help_text="What filters of ANTARES found; any of those chosen."
    )
    catalogs = forms.CharField(
        label="In catalogues",
        required=False,
        max_length=300,
        help_text="Names as ANTARES has them, such as milliquas; with commas between, any of them.",
    )
    elasticsearch = _JsonField(
        label="Elasticsearch query",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "font-monospace"}),
        help_text='JSON with the one key "query"; has to fit besides what is chosen above.',
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = kept_choices(self.service_name, "tags", [(tag, tag) for tag in _TAGS])
        self.fields["tags"].choices = listed  # type: ignore[attr-defined]

    def clean_elasticsearch(self) -> Any:
        """Refuse what ANTARES would refuse: other keys beside ``query``, as aggregations."""
        found = self.cleaned_data["elasticsearch"]
        if found in (None, ""):
            return None
        if not isinstance(found, dict) or set(found) != {"query"} or not isinstance(found["query"], dict):
            raise forms.ValidationError('This has to be a JSON object with the one key "query".')
        return found


class AntaresForm(AntaresFields, BrokerQueryForm):
    """The query form of ANTARES."""


class AntaresService(BrokerService):
    """Loci of ANTARES."""

    name = "ANTARES"
    client = Antares
    form = AntaresForm
    object_pattern = r"(ANT\d{4}[a-z0-9]+|ZTF\d{2}[a-z]{7}|LSST-P-DO-\d+)"
    gives_cutouts = True
    service_notes = "Loci of ZTF and Rubin alerts with the tags that the filters of ANTARES give."

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield loci: those named, else those that fit."""
        client = self.client()
        if query["ids"]:
            yield from self._named(query)
            return
        wanted = dict(query)
        wanted["catalogs"] = [one for one in re.split(r"[,\s]+", query.get("catalogs", "")) if one]
        sort = query.get("sort")
        sort = f"{'-' if query.get('descending') else ''}{sort}" if sort else NEWEST_FIRST
        question = elasticsearch_query(wanted, version=client.version)
        for locus in client.loci(question, sort=sort):
            yield antares_object(locus)

    def _named(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield loci by name: one question each for loci, one for a hundred of ZTF's or Rubin's."""
        client = self.client()
        loci = [one for one in query["ids"] if _LOCUS.fullmatch(one)]
        rubin = [found[1] for one in query["ids"] if (found := _RUBIN.fullmatch(one))]
        others = [one for one in query["ids"] if not _LOCUS.fullmatch(one) and not _RUBIN.fullmatch(one)]
        for one in loci:
            try:
                yield antares_object(client.locus(one))
            except MissingDataException:
                continue
        for key, ids in (("ztf_ids", others), ("rubin_ids", rubin)):
            for piece in pieces(ids, _IDS_A_QUESTION):
                for locus in client.loci(elasticsearch_query({key: piece}, version=client.version)):
                    yield antares_object(locus)

    def known(self, object_id: str) -> BrokerObject:
        """Return one locus with its light curve, by any of its names."""
        if not _LOCUS.fullmatch(object_id):
            found = next(self._named({"ids": [object_id]}), None)
            if found is None:
                raise MissingDataException(f"ANTARES knows no object {object_id}.")
            object_id = found.object_id
        return antares_object(self.client().locus(object_id))

    def cutout(self, result: dict[str, Any], role: str) -> tuple[bytes, str] | None:
        """Return an image of the newest alert of a result; where it lies costs one more request."""
        alert_id = (result.get("cutouts") or {}).get(role)
        client = self.client()
        address = client.thumbnails(alert_id).get(role) if alert_id else None
        return (client.image(address), "image/png") if address else None

    def lists(self) -> dict[str, Sequence[tuple[Any, Any]]]:
        """Ask for the tags, and on how many loci each is."""
        tags = sorted(self.client().tags())
        return {"tags": [(tag, f"{tag} ({count:,})") for tag, count in tags]}
