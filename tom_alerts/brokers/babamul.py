"""Babamul as a broker of alerts, on the data service of the same name."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.data_services.babamul import BabamulFields, BabamulService


class BabamulQueryForm(BabamulFields, GenericQueryForm):
    """The query form of Babamul."""


class BabamulBroker(ServiceBroker):
    """Babamul."""

    name = "Babamul"
    service = BabamulService
    form = BabamulQueryForm
    score_description = "The largest of the scores that BOOM gives, 0 to 1."
