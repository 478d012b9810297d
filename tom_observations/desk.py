"""The port through which tom_targets learns of sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tom_common.astro.observer import Site
from tom_observations.selectors import known_sites, usual_sites


class Desk:
    """Answers as ``tom_targets.ports.ObservingDesk`` asks."""

    def sites(self, user: Any = None) -> Sequence[Site]:
        """Return all known sites, the user's own first."""
        return known_sites(user)

    def usual_sites(self, user: Any = None) -> Sequence[Site]:
        """Return the sites that are shown until somebody chooses."""
        return usual_sites(user)
