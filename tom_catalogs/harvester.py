"""The interface of catalogues that are asked for one object: ``AbstractHarvester``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from tom_catalogs.registry import get_service_class, get_service_classes
from tom_common.astro.time import JD_OF_MJD_0
from tom_dataservices.exceptions import MissingDataException
from tom_targets.models import Target

__all__ = ["AbstractHarvester", "MissingDataException", "get_service_class", "get_service_classes"]


class AbstractHarvester(ABC):
    """A catalogue that is asked for one object.

    Attributes
    ----------
    name : str
        What it is called, and known by in addresses.
    catalog_data : dict
        What the catalogue said last.
    help_text : str
        A sentence for the form.
    """

    name: str = ""
    catalog_data: Any = {}
    help_text: str = ""

    @abstractmethod
    def query(self, term: str) -> Any:
        """Ask the catalogue for a term and keep its answer in ``catalog_data``.

        Raises
        ------
        MissingDataException
            If it has nothing.
        """

    def to_target(self) -> Any:
        """Return an unsaved target made of the answer; its ``extra_names`` are further names.

        Raises
        ------
        MissingDataException
            If there is no answer.
        """
        if not self.catalog_data:
            raise MissingDataException("No catalog data. Did you call query()?")
        return Target()

    @staticmethod
    def jd_to_mjd(jd: float) -> float:
        """Return a Julian date as a Modified Julian Date, days."""
        return jd - JD_OF_MJD_0
