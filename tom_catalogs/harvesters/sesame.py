"""Sesame of the CDS as a catalogue."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import SesameDataService


class SesameHarvester(CatalogueHarvester):
    """Sesame of the CDS."""

    name = "Sesame"
    service = SesameDataService
    help_text = "Asks SIMBAD, NED and VizieR and takes the first that knows the name."
