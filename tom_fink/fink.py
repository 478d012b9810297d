"""Fink as the published module offers it, under its names: a broker and a data service, both called ``Fink``.

They sit on our own service of Fink for ZTF (``tom_dataservices.data_services.fink``), whose form asks more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django import forms

from tom_alerts.alerts import GenericAlert, GenericBroker, GenericQueryForm
from tom_base import __version__ as fink_version
from tom_dataservices.clients.fink import FinkZtf
from tom_dataservices.data_services.broker.points import store_points
from tom_dataservices.data_services.fink import FinkZtfService
from tom_dataservices.exceptions import QueryServiceError
from tom_dataservices.forms import BaseQueryForm
from tom_fink.parameters import parameters_of, parameters_of_words, words_of
from tom_fink.questions import COLUMNS, SSO_COLUMNS, QuestionFields, query_of, request_of
from tom_targets.models import Target

logger = logging.getLogger(__name__)

__all__ = [
    "COLUMNS",
    "FINK_API_URL",
    "FINK_REPO_URL",
    "FINK_URL",
    "SSO_COLUMNS",
    "FinkBroker",
    "FinkDataService",
    "FinkQueryForm",
    "FinkServiceForm",
    "fink_version",
    "logger",
]

FINK_URL = "https://fink-broker.org/"
FINK_API_URL = "https://api.ztf.fink-portal.org"
FINK_REPO_URL = "https://github.com/TOMToolkit/tom_fink"
MEASURED = ",i:fid,i:sigmapsf,i:isdiffpos"


class FinkQueryForm(QuestionFields, GenericQueryForm):
    """The form of the broker; `datesearch` is there for queries that were kept with it."""

    help_datesearch = "Start, minutes. Not answered by Fink any more."
    datesearch = forms.CharField(required=False, label="Alerts by date", help_text=help_datesearch)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not (self.data.get("datesearch") or self.initial.get("datesearch")):
            del self.fields["datesearch"]


class FinkBroker(GenericBroker):
    """Fink as a broker of ``TOM_ALERT_CLASSES``; its alerts are Fink's own rows."""

    name = "Fink"
    form = FinkQueryForm
    score_description = "probability of a supernova of type Ia (rf_snia_vs_nonia)"
    help_url = FINK_URL
    results_valid_s = FinkZtfService.results_valid_s

    def fetch_alerts(self, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Ask Fink the one question of the form and yield its rows.

        Raises
        ------
        QuestionError
            If none or several were asked.
        QueryServiceError
            If Fink refuses.
        RemoteError
        """
        path, arguments = request_of(query_of(parameters))
        return iter(FinkZtf().ask(path, **arguments))

    def fetch_alert(self, id: str) -> dict[str, Any] | None:  # noqa: A002  public name
        """Return the newest alert of an object; None if there is none of this name."""
        rows = FinkZtf().ask("objects", objectId=id, columns=COLUMNS)
        return max(rows, key=lambda row: row.get("i:jd") or 0.0, default=None)

    def to_target(self, alert: Any) -> Any:
        """Store and return the target of an alert, Fink's row or a `GenericAlert`.

        The one that has its name, if there is one.
        """
        shown = self.to_generic_alert(alert) if isinstance(alert, dict) else alert
        name = str(shown.name)
        target = Target.objects.filter(name=name).first() or Target.objects.filter(aliases__name=name).first()
        if target is None:
            target = Target(name=name, type=Target.SIDEREAL, ra=shown.ra, dec=shown.dec)
            target.save()
        return target

    def to_generic_alert(self, alert: dict[str, Any]) -> GenericAlert:
        """Return what pages show of a row."""
        name = str(alert["i:objectId"])
        return GenericAlert(
            timestamp=alert.get("i:jd"),
            id=alert.get("i:candid"),
            name=name,
            ra=alert.get("i:ra"),
            dec=alert.get("i:dec"),
            mag=alert.get("i:magpsf"),
            score=alert.get("d:rf_snia_vs_nonia", 0),
            url=FinkZtf().page_of(name),
        )

    def process_reduced_data(self, target: Any, alert: dict[str, Any] | None = None) -> None:
        """Store the light curve of a target, with errors, bands and limits."""
        names = [str(alert["i:objectId"])] if alert else FinkZtfService().object_ids_of(target)
        for found in FinkZtf().by_ids(names, with_limits=True) if names else ():
            store_points(target, found.points, survey=FinkZtfService.survey)


class FinkServiceForm(QuestionFields, BaseQueryForm):
    """The form of the data service."""

    def simple_fields(self) -> list[str]:
        """Return the fields of the short form."""
        return ["objectId"]


class FinkDataService(FinkZtfService):
    """Fink as a data service with the questions of the published module."""

    name = "Fink"
    verbose_name = "Fink (five questions)"
    app_version = fink_version
    app_link = FINK_REPO_URL
    service_notes = "The form of tom_fink, for queries kept with it. ‘Fink ZTF’ asks the same service more."
    form = FinkServiceForm  # type: ignore[assignment]

    def build_query_parameters(self, form_output: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return what is asked for, made of the cleaned data of the form.

        Raises
        ------
        QuestionError
            If none or several were asked, or the text cannot be read.
        """
        self.query_parameters = parameters_of(form_output)
        return self.query_parameters

    def build_query_parameters_from_target(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the question for one target: by its name or alias of ZTF, else by its place."""
        return parameters_of_words(self.query_of_target(target))

    def query_service(self, parameters: dict[str, Any], **kwargs: Any) -> list[dict[str, Any]]:  # type: ignore[override]
        """Return Fink's own rows, one an alert."""
        path, arguments = request_of(words_of(parameters))
        if "columns" in arguments:
            arguments["columns"] += MEASURED
        self.query_results = FinkZtf().ask(path, **arguments)
        return self.query_results

    def query_targets(self, query_parameters: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
        """Yield what was found, one dict an object, as it comes."""
        return super().query_targets(words_of(query_parameters), **kwargs)

    def query_photometry(self, query_parameters: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Return Fink's own rows of one object.

        Raises
        ------
        QueryServiceError
            If they are not of one.
        """
        rows = self.query_service(query_parameters, **kwargs)
        if len(names := {row.get("i:objectId") for row in rows}) != 1:
            raise QueryServiceError(f"{self.name} answers with alerts of {len(names)} objects; expected one.")
        return rows

    def create_reduced_datums_from_query(
        self,
        target: Any,
        data: Iterable[Any] | None = None,
        data_type: str | None = "photometry",
        **kwargs: Any,
    ) -> list[Any]:
        """Store photometry of a target, Fink's own rows or points of ours, and return the rows."""
        found = list(data or ())
        if found and "i:jd" in found[0]:
            found = [one for known in FinkZtf().objects_of(found) for one in known.points]
        return super().create_reduced_datums_from_query(target, found, data_type, **kwargs)
