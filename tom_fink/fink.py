"""Fink as the published module offers it, under its names: a broker and a data service, both called ``Fink``.

They sit on our own service of Fink for ZTF (``tom_dataservices.data_services.fink``), whose form asks more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tom_alerts.alerts import GenericAlert, GenericBroker, GenericQueryForm
from tom_base import __version__ as fink_version
from tom_dataservices.clients.fink import FinkZtf
from tom_dataservices.data_services.broker.points import store_points
from tom_dataservices.data_services.fink import FinkZtfService
from tom_dataservices.forms import BaseQueryForm
from tom_fink.questions import COLUMNS, SSO_COLUMNS, QuestionFields, query_of, request_of
from tom_targets.models import Target

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
]

FINK_URL = "https://fink-broker.org/"
FINK_API_URL = "https://api.ztf.fink-portal.org"
FINK_REPO_URL = "https://github.com/TOMToolkit/tom_fink"


class FinkQueryForm(QuestionFields, GenericQueryForm):
    """The form of the broker."""


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
        QueryServiceError
            If none or several were asked, or Fink refuses.
        RemoteError
        """
        path, arguments = request_of(query_of(parameters))
        return iter(FinkZtf().ask(path, **arguments))

    def fetch_alert(self, id: str) -> dict[str, Any] | None:  # noqa: A002  public name
        """Return the newest alert of an object; None if there is none of this name."""
        rows = FinkZtf().ask("objects", objectId=id, columns=COLUMNS)
        return max(rows, key=lambda row: row.get("i:jd") or 0.0, default=None)

    def to_target(self, alert: dict[str, Any]) -> Any:
        """Store and return the target of an alert; the one that has its name, if there is one."""
        name = str(alert["i:objectId"])
        target = Target.objects.filter(name=name).first() or Target.objects.filter(aliases__name=name).first()
        if target is None:
            target = Target(name=name, type=Target.SIDEREAL, ra=alert["i:ra"], dec=alert["i:dec"])
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
            score=alert.get("d:rf_snia_vs_nonia", ""),
            url=FinkZtf().page_of(name),
        )

    def process_reduced_data(self, target: Any, alert: dict[str, Any] | None = None) -> None:
        """Store the light curve of a target, with errors, bands and limits."""
        name = str(alert["i:objectId"]) if alert else FinkZtfService().object_id_of(target)
        if not name:
            return
        for found in FinkZtf().by_ids([name], with_limits=True):
            store_points(target, found.points, survey=FinkZtfService.survey)


class FinkServiceForm(QuestionFields, BaseQueryForm):
    """The form of the data service."""


class FinkDataService(FinkZtfService):
    """Fink as a data service with the questions of the published module."""

    name = "Fink"
    verbose_name = "Fink (five questions)"
    app_version = fink_version
    app_link = FINK_REPO_URL
    service_notes = "The form of tom_fink, for queries kept with it. ‘Fink ZTF’ asks the same service more."
    form = FinkServiceForm  # type: ignore[assignment]

    def build_query_parameters(self, form_output: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return what is asked for, made of the cleaned data of the form."""
        self.query_parameters = query_of(form_output)
        return self.query_parameters
