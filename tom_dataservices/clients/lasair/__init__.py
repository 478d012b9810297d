"""Lasair: the interface for LSST and that of the frozen ZTF archive."""

from tom_dataservices.clients.lasair.lsst import LasairLsst
from tom_dataservices.clients.lasair.rest import SHERLOCK, TNS, Lasair, quoted
from tom_dataservices.clients.lasair.ztf import LasairZtf

__all__ = ["SHERLOCK", "TNS", "Lasair", "LasairLsst", "LasairZtf", "quoted"]
