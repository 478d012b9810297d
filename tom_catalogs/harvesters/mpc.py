"""The Minor Planet Center as a catalogue, under both of its names."""

from tom_catalogs.harvesters.catalogue import CatalogueHarvester
from tom_dataservices.data_services.catalogues import MpcDataService


class MPCExplorerHarvester(CatalogueHarvester):
    """The Minor Planet Center, by its service get-orb."""

    name = "MPC Explorer"
    service = MpcDataService
    help_text = "Orbits of asteroids and comets, by number or designation."


class MPCHarvester(MPCExplorerHarvester):
    """The same under the name that older settings use; the web service it once asked is given up."""

    name = "MPC"
