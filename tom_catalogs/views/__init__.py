"""Views of tom_catalogs."""

from tom_catalogs.views.lookups import (
    CatalogQueryView,
    LookupView,
    MakeTargetView,
    TargetLookupView,
)

__all__ = ["CatalogQueryView", "LookupView", "MakeTargetView", "TargetLookupView"]
