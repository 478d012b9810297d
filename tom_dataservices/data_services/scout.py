"""JPL Scout as a source of targets: unconfirmed near-Earth objects, chosen by what Scout says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms

from tom_common.astro.time import parse_mjd_utc
from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.broker import BrokerClient, BrokerObject
from tom_dataservices.clients.scout import Scout, page_of, scout_facts
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm, BrokerService

_LIMITS: tuple[tuple[str, str, str, bool], ...] = (
    ("neo_score_min", "neo_score", "Smallest NEO score (%)", True),
    ("pha_score_min", "pha_score", "Smallest PHA score (%)", True),
    ("geocentric_score_max", "geocentric_score", "Largest geocentric score (%)", False),
    ("rating_min", "impact_rating", "Smallest impact rating (0 to 4)", True),
    ("v_mag_min", "v_mag", "Brightest V (mag)", True),
    ("v_mag_max", "v_mag", "Faintest V (mag)", False),
    ("rate_min", "rate_arcsec_per_min", "Slowest (arcsec/min)", True),
    ("rate_max", "rate_arcsec_per_min", "Fastest (arcsec/min)", False),
    ("error_max", "position_error_arcmin", "Largest position error (arcmin)", False),
    ("elongation_min", "solar_elongation_deg", "Smallest solar elongation (deg)", True),
    ("observations_min", "observations", "Fewest observations", True),
)
FACTS: tuple[tuple[str, str], ...] = (
    ("neo_score", "NEO (%)"),
    ("pha_score", "PHA (%)"),
    ("impact_rating", "Impact rating"),
    ("v_mag", "V (mag)"),
    ("rate_arcsec_per_min", "Rate (″/min)"),
    ("position_error_arcmin", "Error (′)"),
    ("solar_elongation_deg", "Elongation (°)"),
    ("observations", "Observations"),
    ("rough_position", "About at"),
)


class ScoutClient(BrokerClient):
    """Where Scout lies, for the base of brokers."""

    name = Scout.name
    base_url = Scout.base_url
    info_url = Scout.info_url


class ScoutFields(BrokerFields):
    """What Scout's list is searched for."""

    service_name = "Scout"
    offers = ("objects",)
    rows_a_page = 1000
    object_words = "Temporary designations, such as P12aBcD; with commas or lines between."
    own_fieldsets: ClassVar[Sequence[tuple[str, Sequence[str]]]] = (
        ("Scores", ("neo_score_min", "pha_score_min", "geocentric_score_max", "rating_min")),
        (
            "Can it be observed",
            ("v_mag_min", "v_mag_max", "rate_min", "rate_max", "error_max", "elongation_min"),
        ),
        ("How well is it known", ("observations_min",)),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, _, label, _ in _LIMITS:
            self.fields[name] = forms.FloatField(label=label, required=False, min_value=0.0)

    def clean(self) -> dict[str, Any]:
        """Hold lower limits against upper ones."""
        cleaned = super().clean()
        for low, high in (("v_mag_min", "v_mag_max"), ("rate_min", "rate_max")):
            if None not in (cleaned.get(low), cleaned.get(high)) and cleaned[low] > cleaned[high]:
                self.add_error(high, "This upper limit lies below the lower one.")
        return cleaned


class ScoutForm(ScoutFields, BrokerQueryForm):
    """The query form of Scout."""


class ScoutService(BrokerService):
    """Objects of the NEO Confirmation Page, as Scout knows them."""

    name = "Scout"
    verbose_name = "JPL Scout"
    client = ScoutClient
    form = ScoutForm
    object_pattern = r"([A-Za-z0-9]{5,8})"
    has_own_names = False
    query_results_table = "tom_dataservices/partials/facts_table.html"
    service_notes = (
        "Unconfirmed near-Earth objects, hours old. A target gets the elements of one orbit that it may have,"
        " and its designation vanishes when the object is confirmed."
    )
    results_valid_s = 900.0

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield the objects of Scout's list that fit; one request."""
        for found in self.each(Scout().summary(), _of_row):
            if (not query["ids"] or found.object_id in query["ids"]) and _fits(found.extras, query):
                yield found

    def fits(self, found: BrokerObject, query: dict[str, Any]) -> bool:
        """Tell that all limits were looked at."""
        return True

    def known(self, object_id: str) -> BrokerObject:
        """Return one object on an orbit that it may have."""
        found = Scout().lookup(object_id)
        orbit = {key: value for key, value in found.fields.items() if key != "type" and value is not None}
        return BrokerObject(
            object_id=found.name,
            name=found.name,
            is_sidereal=False,
            orbit=orbit,
            extras=found.extras,
            url=found.url,
        )

    def completed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return a result with its orbit, which Scout is asked for now."""
        return result if result.get("orbit") else self.known(str(result["id"])).as_result()

    def query_reduced_data(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return nothing: Scout gives no measurements."""
        return {}

    def get_additional_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return which facts the table of results shows."""
        return {"facts": FACTS}


def _of_row(row: dict[str, Any]) -> BrokerObject:
    name = str(row.get("objectName") or "")
    if not name:
        raise RemoteBadReply("Scout lists an object without a name.")
    facts = scout_facts(row)
    return BrokerObject(
        object_id=name,
        name=name,
        mjd_utc=_mjd(row.get("tEphem")),
        mag=facts["v_mag"],
        band="V",
        score=None if facts["neo_score"] is None else facts["neo_score"] / 100.0,
        is_sidereal=False,
        extras=facts,
        url=page_of(name),
    )


def _fits(facts: dict[str, Any], query: dict[str, Any]) -> bool:
    """Tell whether all limits hold; an object of which Scout does not say a limited value does not fit."""
    for name, fact, _, is_lower in _LIMITS:
        limit, value = query.get(name), facts.get(fact)
        if limit is None:
            continue
        if value is None or (value < limit if is_lower else value > limit):
            return False
    return True


def _mjd(date: Any) -> float | None:
    try:
        return parse_mjd_utc(str(date)) if date else None
    except ValueError:
        return None
