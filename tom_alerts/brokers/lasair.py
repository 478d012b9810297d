"""Lasair as brokers: ``LasairBroker`` (LSST) and ``LasairZTFBroker`` (the archive)."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.clients.lasair import LasairLsst
from tom_dataservices.data_services.lasair import (
    LasairLsstFields,
    LasairLsstService,
    LasairZtfFields,
    LasairZtfService,
)

LASAIR_URL = LasairLsst.web_url


class LasairBrokerForm(LasairLsstFields, GenericQueryForm):
    """The query form of Lasair for LSST."""


class LasairZTFBrokerForm(LasairZtfFields, GenericQueryForm):
    """The query form of Lasair's archive of ZTF."""


class LasairBroker(ServiceBroker):
    """Objects of Rubin's LSST with their context by Sherlock."""

    name = "Lasair"
    form = LasairBrokerForm
    service = LasairLsstService
    score_description = "Lasair gives no score."


class LasairZTFBroker(ServiceBroker):
    """Lasair's archive of ZTF objects."""

    name = "Lasair ZTF"
    form = LasairZTFBrokerForm
    service = LasairZtfService
    score_description = "Lasair gives no score."
