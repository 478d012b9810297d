"""Hermes as a broker of alerts, on the data service of the same name."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.data_services.hermes import HermesFields, HermesService


class HermesQueryForm(HermesFields, GenericQueryForm):
    """The query form of Hermes."""


class HermesBroker(ServiceBroker):
    """Hermes."""

    name = "Hermes"
    service = HermesService
    form = HermesQueryForm
    score_description = "Messages give no score."
