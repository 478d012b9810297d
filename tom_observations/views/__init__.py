"""Pages of tom_observations; the names are public."""

from tom_observations.views.visibility import NightCsvView

__all__ = ["NightCsvView"]
