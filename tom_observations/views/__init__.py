"""Pages of tom_observations; the names are public."""

from tom_observations.views.visibility import NightCsvView, VisibilityCsvView, VisibilityView

__all__ = ["NightCsvView", "VisibilityCsvView", "VisibilityView"]
