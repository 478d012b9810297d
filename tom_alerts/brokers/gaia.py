"""The archive of Gaia alerts as a broker of alerts, on the data service of the same name."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.data_services.gaia_alerts import GaiaAlertsFields, GaiaAlertsService


class GaiaQueryForm(GaiaAlertsFields, GenericQueryForm):
    """The query form of The archive of Gaia alerts."""


class GaiaBroker(ServiceBroker):
    """The archive of Gaia alerts."""

    name = "Gaia"
    service = GaiaAlertsService
    form = GaiaQueryForm
    score_description = "The archive gives no score."
