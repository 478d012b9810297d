"""ANTARES as a broker of alerts, on the data service of the same name."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.data_services.antares import AntaresFields, AntaresService


class ANTARESBrokerForm(AntaresFields, GenericQueryForm):
    """The query form of ANTARES."""


class ANTARESBroker(ServiceBroker):
    """ANTARES."""

    name = "ANTARES"
    service = AntaresService
    form = ANTARESBrokerForm
    score_description = "ANTARES gives tags and no score."
