"""The Transient Name Server as a broker of alerts, on the data service of the same name."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.data_services.tns import TnsFields, TnsService


class TNSForm(TnsFields, GenericQueryForm):
    """The query form of The Transient Name Server."""


class TNSBroker(ServiceBroker):
    """The Transient Name Server."""

    name = "TNS"
    service = TnsService
    form = TNSForm
    score_description = "TNS gives no score."
