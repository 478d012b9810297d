"""What the catalogues of this folder share: they ask the data service of the same catalogue."""

from __future__ import annotations

from typing import Any, ClassVar

from tom_catalogs.harvester import AbstractHarvester, MissingDataException
from tom_dataservices.data_services.catalogues import CatalogueService


class CatalogueHarvester(AbstractHarvester):
    """A catalogue that is at the same time a data service, named by ``service``."""

    service: ClassVar[type[CatalogueService]]

    def query(self, term: str) -> Any:
        """Ask the catalogue for a name."""
        self.catalog_data = self.service.catalogue().lookup(term).as_result()
        return self.catalog_data

    def to_target(self) -> Any:
        """Return the unsaved target of the answer, its further names in ``extra_names``."""
        if not self.catalog_data:
            raise MissingDataException("No catalog data. Did you call query()?")
        target = self.service().create_target_from_query(self.catalog_data)
        target.extra_names = list(self.catalog_data["aliases"])
        return target
