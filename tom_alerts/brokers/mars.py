"""MARS of Las Cumbres Observatory: retired; kept so that settings which name it still work, and say so."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import HTML, Layout

from tom_alerts.alerts import GenericAlert, GenericBroker, GenericQueryForm
from tom_dataservices.exceptions import QueryServiceError

MARS_URL = "https://mars.lco.global"
RETIRED = "MARS is retired: its server is gone. Ask ALeRCE, Fink or Lasair, which have the same alerts."


class MARSQueryForm(GenericQueryForm):
    """Says that MARS is retired."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout(HTML(f"<p>{RETIRED}</p>"), self.common_layout)

    def clean(self) -> dict[str, Any]:
        """Refuse every query."""
        self.add_error(None, RETIRED)
        return self.cleaned_data


class MARSBroker(GenericBroker):
    """A broker that answers that it is retired."""

    name = "MARS"
    verbose_name = "MARS (retired)"
    form = MARSQueryForm

    def fetch_alerts(self, parameters: dict[str, Any]) -> Any:
        """Say what to use instead.

        Raises
        ------
        QueryServiceError
        """
        raise QueryServiceError(RETIRED)

    def to_generic_alert(self, alert: Any) -> GenericAlert:
        """Return an alert that was kept from the time when MARS worked."""
        candidate = alert["candidate"]
        return GenericAlert(
            timestamp=candidate.get("jd"),
            id=alert.get("lco_id") or candidate.get("candid"),
            name=alert["objectId"],
            ra=candidate["ra"],
            dec=candidate["dec"],
            mag=candidate.get("magpsf"),
            score=candidate.get("rb"),
            url="",
        )
