"""GraceDB as a broker of alerts, on the data service of the same name."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.data_services.gracedb import GraceDbFields, GraceDbService


class GraceDBQueryForm(GraceDbFields, GenericQueryForm):
    """The query form of GraceDB."""


class GraceDBBroker(ServiceBroker):
    """Gravitational-wave superevents; their sky maps are kept as regions."""

    name = "GraceDB"
    service = GraceDbService
    form = GraceDBQueryForm
    score_description = "Superevents have no score: see the false alarms per year."
