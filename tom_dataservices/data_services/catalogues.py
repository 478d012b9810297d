"""Catalogues as data services: a name in, the object out, a target of it if the user likes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms

from tom_dataservices.clients.catalogue import Catalogue
from tom_dataservices.clients.gaia import Gaia
from tom_dataservices.clients.horizons import Horizons
from tom_dataservices.clients.mpc import MinorPlanetCenter
from tom_dataservices.clients.ned import Ned
from tom_dataservices.clients.sbdb import SmallBodyDatabase
from tom_dataservices.clients.scout import Scout
from tom_dataservices.clients.sesame import Sesame
from tom_dataservices.clients.simbad import Simbad
from tom_dataservices.clients.tns import TransientNameServer
from tom_dataservices.clients.vizier import Vizier
from tom_dataservices.dataservices import DataService
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.forms import BaseQueryForm
from tom_targets.models import Target

_NO_COLUMN = {"name", "aliases", "extras", "url", "id"}


class NameForm(BaseQueryForm):
    """Asks for the name of an object, or for a place."""

    term = forms.CharField(
        label="Name, designation or place",
        max_length=200,
        help_text="A place may have a radius behind it: 14:03:38.6 +54:18:42, 10 arcsec.",
    )


class CatalogueService(DataService):
    """A catalogue that is asked for one name.

    ``catalogue`` is the class of its client; what it says is told in ``tom_dataservices.clients``.
    """

    catalogue: ClassVar[type[Catalogue]]
    results_valid_s = 3600.0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take the addresses of the client."""
        super().__init_subclass__(**kwargs)
        cls.info_url, cls.base_url = cls.catalogue.info_url, cls.catalogue.base_url

    @classmethod
    def get_form_class(cls) -> type[Any]:
        """Return the form with one field, the name."""
        return NameForm

    @classmethod
    def urls(cls, **kwargs: Any) -> dict[str, str]:
        """Return the addresses of the catalogue, those of the settings before its own."""
        client = cls.catalogue()
        return {
            "base_url": client.setting("base_url") or client.base_url,
            "info_url": client.info_url,
        }

    def build_query_parameters(self, parameters: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return the name that is asked for."""
        self.query_parameters = {"term": str(parameters.get("term", "")).strip()}
        return self.query_parameters

    def build_query_parameters_from_target(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the name of a target, to ask for its further names."""
        return {"term": target.name}

    def query_service(self, query_parameters: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return the object of the name as one plain result; an empty one if the catalogue has none."""
        try:
            self.query_results = self.catalogue().lookup(query_parameters["term"]).as_result()
        except MissingDataException:
            self.query_results = {}
        return self.query_results

    def query_targets(self, query_parameters: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the object in a list, or an empty list."""
        found = self.query_service(query_parameters, **kwargs)
        return [found] if found else []

    def query_aliases(self, query_parameters: Any = None, target: Any = None, **kwargs: Any) -> Iterable[Any]:
        """Return the names of the object of a query, or of a target."""
        parameters = query_parameters or self.build_query_parameters_from_target(target)
        return self.query_service(parameters).get("aliases", [])

    def create_target_from_query(self, target_result: dict[str, Any], **kwargs: Any) -> Any:
        """Return the unsaved target of a result, sidereal or not."""
        columns = {field.name for field in Target._meta.get_fields()}
        values = {
            key: value
            for key, value in target_result.items()
            if key in columns and key not in _NO_COLUMN and value is not None
        }
        return Target(name=target_result["name"], **values)

    def create_target_extras_from_query(self, query_results: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return what the catalogue knows and targets have no column for."""
        return dict(query_results.get("extras") or {})


class SimbadDataService(CatalogueService):
    """SIMBAD."""

    name = "Simbad"
    verbose_name = "SIMBAD"
    catalogue = Simbad
    service_notes = "Stars, galaxies and other objects outside the Solar System, by any of their identifiers."


class NedDataService(CatalogueService):
    """NED."""

    name = "NED"
    catalogue = Ned
    service_notes = "Galaxies and what lies beyond the Milky Way."


class MpcDataService(CatalogueService):
    """The Minor Planet Center."""

    name = "MPC Explorer"
    verbose_name = "Minor Planet Center"
    catalogue = MinorPlanetCenter
    service_notes = "Orbits of asteroids and comets, by number or designation."


class SbdbDataService(CatalogueService):
    """JPL's Small-Body Database."""

    name = "JPL SBDB"
    verbose_name = "JPL Small-Body Database"
    catalogue = SmallBodyDatabase
    service_notes = "Asteroids and comets, by name, number or designation."


class HorizonsDataService(CatalogueService):
    """JPL Horizons."""

    name = "JPL Horizons"
    catalogue = Horizons
    service_notes = "Osculating elements of now, of planets, moons, asteroids, comets and spacecraft."


class SesameDataService(CatalogueService):
    """Sesame."""

    name = "Sesame"
    catalogue = Sesame
    service_notes = "Asks SIMBAD, NED and VizieR and takes the first that knows the name."


class TnsDataService(CatalogueService):
    """The Transient Name Server."""

    name = "TNS"
    verbose_name = "Transient Name Server"
    catalogue = TransientNameServer
    service_notes = "Transients by official name, or by the name that a survey gave them."


class VizierDataService(CatalogueService):
    """VizieR."""

    name = "VizieR"
    catalogue = Vizier
    service_notes = (
        "Variable stars of the VSX by name; HIP, TYC, 2MASS and WISEA numbers; or what lies at a place."
    )


class GaiaDataService(CatalogueService):
    """The catalogue of Gaia."""

    name = "Gaia"
    verbose_name = "Gaia DR3"
    catalogue = Gaia
    service_notes = "Stars by source number, such as Gaia DR3 4658204053297963392, or by place."


class ScoutNameService(CatalogueService):
    """Scout, asked for one temporary designation."""

    name = "Scout"
    catalogue = Scout
    service_notes = "Unconfirmed near-Earth objects by temporary designation, on one orbit they may have."
