"""Fink as brokers: ``FinkBroker`` (ZTF) and ``FinkLSSTBroker``."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.clients.fink import FinkZtf
from tom_dataservices.data_services.fink import (
    FinkLsstFields,
    FinkLsstService,
    FinkZtfFields,
    FinkZtfService,
)

FINK_URL = FinkZtf.web_url


class FinkQueryForm(FinkZtfFields, GenericQueryForm):
    """The query form of Fink for ZTF."""


class FinkLSSTQueryForm(FinkLsstFields, GenericQueryForm):
    """The query form of Fink for LSST."""


class FinkBroker(ServiceBroker):
    """Alerts of ZTF with the classes of Fink."""

    name = "Fink"
    form = FinkQueryForm
    service = FinkZtfService
    score_description = "Fink's score of the class, 0 to 1."


class FinkLSSTBroker(ServiceBroker):
    """Sources of Rubin's LSST with the tags of Fink."""

    name = "Fink LSST"
    form = FinkLSSTQueryForm
    service = FinkLsstService
