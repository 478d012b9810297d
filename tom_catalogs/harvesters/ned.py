"""NED as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import NedDataService


class NEDHarvester(CatalogueHarvester):
    """NED."""

    name = "NED"
    service = NedDataService
    help_text = "Galaxies and what lies beyond the Milky Way."
