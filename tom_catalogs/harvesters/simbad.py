"""SIMBAD as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import SimbadDataService


class SimbadHarvester(CatalogueHarvester):
    """SIMBAD."""

    name = "Simbad"
    service = SimbadDataService
    help_text = "Stars, galaxies and other objects outside the Solar System."
