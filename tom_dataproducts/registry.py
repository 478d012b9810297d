"""Processors by the type of data product that they read, as ``DATA_PROCESSORS`` names them."""

from __future__ import annotations

from tom_common.plugins import PluginRegistry
from tom_dataproducts import conf

processors = PluginRegistry(
    "DATA_PROCESSORS",
    base="tom_dataproducts.data_processor.DataProcessor",
    default=conf.DEFAULT_PROCESSORS,
)
