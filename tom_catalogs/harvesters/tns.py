"""The Transient Name Server as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import TnsDataService


class TNSHarvester(CatalogueHarvester):
    """The Transient Name Server."""

    name = "TNS"
    service = TnsDataService
    help_text = "Transients, by official name or that of a survey."
