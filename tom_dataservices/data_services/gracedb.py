"""GraceDB: superevents, and their sky maps kept as regions in which targets can be searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile

from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.clients.gracedb import GraceDb, superevent_object, words_of
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm, BrokerService
from tom_dataservices.exceptions import MissingDataException
from tom_targets.region_files import keep_region
from tom_targets.sky_models import SkyRegion
from tom_targets.transfer.input_files import FileError

_MOST_MAPS = 10
_PERCENT = 90.0
FACTS: tuple[tuple[str, str], ...] = (
    ("kind", "Kind"),
    ("category", "Category"),
    ("instruments", "Instruments"),
    ("false_alarms_per_year", "False alarms per year"),
    ("labels", "Labels"),
    ("sky_map", "Sky map"),
)


@dataclass(frozen=True)
class KeptMap:
    """What became of a sky map, in words, and the region where there is one."""

    words: str
    region: SkyRegion | None = None

    def facts(self) -> dict[str, str]:
        """Return what the table shows: the words, and where the targets inside are listed."""
        url = self.region.get_absolute_url() if self.region is not None else ""
        return {"sky_map": self.words, "sky_map_url": url}


class GraceDbFields(BrokerFields):
    """What GraceDB can be asked for."""

    service_name = "GraceDB"
    offers = ("objects", "time")
    rows_a_page = GraceDb.page_size
    object_words = "Superevents, such as S230518h; with commas or lines between."
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = (
        ("Kind of event", ("category", "label", "far_max", "words")),
        ("Sky maps", ("sky_maps", "percent")),
    )

    category = forms.ChoiceField(
        choices=[("", "any"), ("Production", "real"), ("Test", "test"), ("MDC", "mock data")], required=False
    )
    label = forms.CharField(required=False, max_length=50, help_text="Such as SKYMAP_READY, ADVOK, EM_READY.")
    far_max = forms.FloatField(label="Most false alarms (Hz)", required=False, min_value=0.0)
    words = forms.CharField(
        label="In GraceDB's own words", required=False, max_length=500, help_text="Such as: gwtc-4 ADVOK"
    )
    sky_maps = forms.IntegerField(
        label="Keep the sky maps of the first",
        required=False,
        min_value=0,
        max_value=_MOST_MAPS,
        help_text="Each becomes a region: lists of targets can be searched within it. Some MB each.",
    )
    percent = forms.FloatField(
        label="Credible region (%)", required=False, min_value=1.0, max_value=99.9, help_text="Empty: 90."
    )


class GraceDbForm(GraceDbFields, BrokerQueryForm):
    """The query form of GraceDB."""


class GraceDbService(BrokerService):
    """Gravitational-wave superevents."""

    name = "GraceDB"
    client = GraceDb
    form = GraceDbForm
    object_pattern = r"([A-Z]{0,2}S\d{6}[a-z]+)"
    query_results_table = "tom_dataservices/partials/superevents_table.html"
    gives_regions = True
    service_notes = "Public superevents of LIGO, Virgo and KAGRA; their sky maps can be kept as regions."
    results_valid_s = 600.0

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield superevents: those named, else those that fit, the newest first."""
        for number, found in enumerate(self._listed(query)):
            if number < int(query.get("sky_maps") or 0):
                percent = float(query.get("percent") or _PERCENT)
                kept = self.keep_region(found.object_id, percent)
                found = replace(found, extras={**found.extras, **kept.facts()})
            yield found

    def _listed(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        client = self.client()
        for one in query["ids"]:
            try:
                yield self.known(one)
            except MissingDataException:
                continue
        if not query["ids"]:
            yield from self.each(client.superevents(words_of(query)), superevent_object)

    def fits(self, found: BrokerObject, query: dict[str, Any]) -> bool:
        """Tell that GraceDB looked at all limits."""
        return True

    def known(self, object_id: str) -> BrokerObject:
        """Return one superevent."""
        return superevent_object(self.client().superevent(object_id))

    def completed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Say that no target can be made.

        Raises
        ------
        MissingDataException
        """
        raise MissingDataException(
            f"{result['name']} is a region of the sky and has no place to make a target of. Keep its sky map,"
            " and list the targets within it."
        )

    def query_reduced_data(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return nothing: superevents are no targets."""
        return {}

    def keep_region(self, superevent_id: str, percent: float = _PERCENT) -> KeptMap:
        """Keep the sky map of a superevent as a region, one for each version of the map; safe to run twice.

        Regions of other users do not count: they may be moved, and shown to nobody.

        Raises
        ------
        RemoteError
        """
        found = self.client().sky_map_name(superevent_id)
        if found is None:
            return KeptMap("none yet")
        file_name, version = found
        which = file_name.partition(".")[0] + (f" {version + 1}" if version else "")
        name = f"{superevent_id} {which} {percent:g}%"
        region = SkyRegion.objects.filter(name=name, user=self.user).first()
        if region is None:
            file = SimpleUploadedFile(file_name, self.client().sky_map(superevent_id, file_name))
            try:
                region = keep_region(file, user=self.user, name=name, percent=percent)
            except FileError as error:
                return KeptMap(f"not read: {error}")
        return KeptMap(f"region “{region.name}”, {region.area_deg2:,.0f} deg²", region)

    def get_additional_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return which facts the table of results shows; no targets are made, regions are."""
        return {"facts": FACTS, "may_create": False, "percent": _PERCENT}
