"""VizieR as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import VizierDataService


class VizierHarvester(CatalogueHarvester):
    """VizieR."""

    name = "VizieR"
    service = VizierDataService
    help_text = "Variable stars, and numbers of Hipparcos, Tycho-2, 2MASS and AllWISE."
