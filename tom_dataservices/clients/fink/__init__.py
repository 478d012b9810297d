"""Fink: the REST services for ZTF and for Rubin's LSST."""

from tom_dataservices.clients.fink.lsst import FinkLsst
from tom_dataservices.clients.fink.rest import Fink
from tom_dataservices.clients.fink.ztf import FinkZtf

__all__ = ["Fink", "FinkLsst", "FinkZtf"]
