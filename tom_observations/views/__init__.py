"""Pages of tom_observations; the names are public."""

from tom_observations.views.visibility import NightCsvView, UpTonightView, VisibilityCsvView, VisibilityView

__all__ = ["NightCsvView", "UpTonightView", "VisibilityCsvView", "VisibilityView"]
