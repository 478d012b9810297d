"""Gaia as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import GaiaDataService


class GaiaHarvester(CatalogueHarvester):
    """Gaia."""

    name = "Gaia"
    service = GaiaDataService
    help_text = "Stars with parallax and proper motion, by source number or place."
