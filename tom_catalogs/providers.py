"""Catalogues as something that can be queried, by the engine of ``tom_dataservices``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tom_catalogs.registry import harvesters
from tom_dataservices.clients.catalogue import AmbiguousNameError
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.providers import Access, Found, Provider, number, register_kind
from tom_dataservices.results import KeptTarget, keep_target
from tom_targets.models import Target

_NOT_CARRIED = {"id", "created", "modified", "permissions"}


@register_kind
class HarvesterProvider(Provider):
    """A catalogue; its answer to a term is at most one object."""

    kind = "harvester"
    is_quiet = True
    registry = harvesters
    results_valid_s = 3600.0  # type: ignore[assignment]

    def form_class(self) -> type[Any]:
        """Return the form that asks for a term."""
        from tom_catalogs.forms import CatalogQueryForm

        return CatalogQueryForm

    def find(self, parameters: dict[str, Any]) -> Iterator[Found]:
        """Yield the object of a term; nothing if the catalogue has none."""
        harvester = self.plugin()
        try:
            harvester.query(parameters["term"])
            target = harvester.to_target()
        except MissingDataException as error:
            self.feedback = str(error)
            return
        except AmbiguousNameError as error:  # what it may mean is kept with the sentence
            for term, words in error.choices:
                yield Found(term, term, None, None, {"choice": term, "words": words}, {})
            raise
        values = {
            name: value
            for name, value in target.as_dict().items()
            if value not in (None, "") and name not in _NOT_CARRIED
        }
        names = list(getattr(target, "extra_names", ()))
        raw = {"fields": values, "names": names, "extras": _extras_of(harvester)}
        yield Found(
            str(target.name), str(target.name), number(target.ra), number(target.dec), {**values, **raw}, raw
        )

    def make_target(self, raw: Any, access: Access) -> KeptTarget:
        """Store the target of an answer, or return the one that is there."""
        return keep_target(
            Target(**raw["fields"]),
            extras=raw["extras"],
            aliases=raw["names"],
            user=access.user,
            groups=access.groups,
            permissions=access.permissions,
        )

    def bring_data(self, target: Any, raw: Any) -> int:
        """Return 0: catalogues give no data."""
        return 0


def _extras_of(harvester: Any) -> dict[str, Any]:
    data = harvester.catalog_data
    extras = data.get("extras") if isinstance(data, dict) else None
    return dict(extras) if isinstance(extras, dict) else {}
