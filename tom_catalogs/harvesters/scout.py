"""Scout as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import ScoutNameService


class ScoutHarvester(CatalogueHarvester):
    """Scout."""

    name = "Scout"
    service = ScoutNameService
    help_text = "Unconfirmed near-Earth objects, by temporary designation."
