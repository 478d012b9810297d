"""JPL Scout as a broker of alerts, on the data service of the same name."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.data_services.scout import ScoutFields, ScoutService


class ScoutQueryForm(ScoutFields, GenericQueryForm):
    """The query form of JPL Scout."""


class ScoutBroker(ServiceBroker):
    """JPL Scout."""

    name = "Scout"
    service = ScoutService
    form = ScoutQueryForm
    score_description = "How probably it is a near-Earth object, 0 to 1."
