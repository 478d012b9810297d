"""Hermes as a source of targets and data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms

from tom_dataservices.clients.broker import BrokerObject
from tom_dataservices.clients.hermes import MAX_RADIUS_ARCSEC, Hermes, asked, hermes_object
from tom_dataservices.data_services.broker import BrokerFields, BrokerQueryForm, BrokerService
from tom_dataservices.exceptions import MissingDataException, QueryServiceError


class HermesFields(BrokerFields):
    """What Hermes can be asked for."""

    service_name = "Hermes"
    offers = ("objects", "cone")
    max_radius_arcsec = MAX_RADIUS_ARCSEC
    object_words = "Names as the messages have them, one a line."
    own_fieldsets = (("Message", ("target_name", "event_id", "polygon")),)

    target_name = forms.CharField(label="Name contains", required=False, max_length=200)
    event_id = forms.CharField(
        label="Event", required=False, max_length=200, help_text="Such as S230518h or GRB 230409B."
    )
    polygon = forms.CharField(
        label="Polygon",
        required=False,
        max_length=2000,
        help_text="Corners in degrees with commas between: 10 5, 12 5, 12 7.",
    )

    def clean_objects(self) -> str:
        """Return the names, one a line: they may hold blanks."""
        return "\n".join(
            dict.fromkeys(line.strip() for line in self.cleaned_data["objects"].splitlines() if line.strip())
        )


class HermesForm(HermesFields, BrokerQueryForm):
    """The query form of Hermes."""


class HermesService(BrokerService):
    """Targets of the messages on Hermes."""

    name = "Hermes"
    client = Hermes
    form = HermesForm
    survey = "Hermes"
    object_pattern = r"(.+)"
    has_own_names = False
    service_notes = "Targets of community messages, with the photometry the messages hold. Needs a token."

    def build_query_parameters(self, parameters: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return what is asked for; names keep their blanks."""
        found = super().build_query_parameters(parameters, **kwargs)
        found["ids"] = str(parameters.get("objects") or "").splitlines()
        return found

    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield targets of messages."""
        client = self.client()
        filters = asked(query | {"name": query.get("target_name"), "polygon_search": query.get("polygon")})
        names = query["ids"] or [None]
        for name in names:
            wanted = filters | ({"name_exact": name} if name else {})
            for row in client.targets(wanted):
                if row.get("name"):
                    yield hermes_object(row, [])

    def known(self, object_id: str) -> BrokerObject:
        """Return one target with the data of all messages about it."""
        return self.client().object(object_id)

    def completed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return a result with its place or orbit; the list has no orbits, the messages have.

        Raises
        ------
        QueryServiceError
            If no message tells where it is.
        """
        if result.get("ra") is not None or result.get("orbit"):
            return result
        try:
            found = self.known(str(result["id"])).as_result()
        except MissingDataException:
            found = result
        if found.get("ra") is None and not found.get("orbit"):
            raise QueryServiceError(
                f"No message on Hermes tells place or orbit of {result['name']}: make the target by hand."
            )
        return found
