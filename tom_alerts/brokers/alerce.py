"""ALeRCE as brokers: ``ALeRCEBroker`` (ZTF) and ``ALeRCELSSTBroker``."""

from __future__ import annotations

from tom_alerts.alerts import GenericQueryForm
from tom_alerts.brokers.service_broker import ServiceBroker
from tom_dataservices.clients.alerce import AlerceZtf
from tom_dataservices.data_services.alerce import (
    AlerceFields,
    AlerceLsstFields,
    AlerceLsstService,
    AlerceZtfService,
)

ALERCE_URL = AlerceZtf.info_url
ALERCE_SEARCH_URL = AlerceZtf.base_url


class ALeRCEQueryForm(AlerceFields, GenericQueryForm):
    """The query form of ALeRCE for ZTF."""


class ALeRCELSSTQueryForm(AlerceLsstFields, GenericQueryForm):
    """The query form of ALeRCE for LSST."""


class ALeRCEBroker(ServiceBroker):
    """Objects of ZTF with the classifiers of ALeRCE."""

    name = "ALeRCE"
    form = ALeRCEQueryForm
    service = AlerceZtfService
    score_description = "Probability of the class, 0 to 1."


class ALeRCELSSTBroker(ServiceBroker):
    """Objects of Rubin's LSST with the classifiers of ALeRCE."""

    name = "ALeRCE LSST"
    form = ALeRCELSSTQueryForm
    service = AlerceLsstService
