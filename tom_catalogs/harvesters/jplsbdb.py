"""JPL's Small-Body Database as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import SbdbDataService


class JPLSBDBHarvester(CatalogueHarvester):
    """JPL's Small-Body Database."""

    name = "JPL SBDB"
    service = SbdbDataService
    help_text = "Asteroids and comets."
