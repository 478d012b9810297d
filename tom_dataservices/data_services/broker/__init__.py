"""The base of all alert brokers; their wire formats are read in ``tom_dataservices.clients``."""

from tom_dataservices.data_services.broker.fields import (
    BrokerFields,
    BrokerQueryForm,
    ListedChoiceField,
    UtcField,
    plain_query,
)
from tom_dataservices.data_services.broker.limits import fits
from tom_dataservices.data_services.broker.points import SURVEYS, Survey, sparkline_points, store_points
from tom_dataservices.data_services.broker.service import BrokerService, unsaved_target

__all__ = [
    "SURVEYS",
    "BrokerFields",
    "BrokerQueryForm",
    "BrokerService",
    "ListedChoiceField",
    "Survey",
    "UtcField",
    "fits",
    "plain_query",
    "sparkline_points",
    "store_points",
    "unsaved_target",
]
