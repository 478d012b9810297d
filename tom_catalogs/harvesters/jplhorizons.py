"""JPL Horizons as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import HorizonsDataService


class JPLHorizonsHarvester(CatalogueHarvester):
    """JPL Horizons."""

    name = "JPL Horizons"
    service = HorizonsDataService
    help_text = "Planets, moons, asteroids, comets and spacecraft, with elements of now."
