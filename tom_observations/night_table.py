"""A night for a whole list of targets: computed at once for all sites, sorted, shown in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from numpy.typing import NDArray

from tom_common.astro.observer import Site
from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.astro.visibility import Limits, NightSummary, darkness
from tom_common.night_chart import night_strip_svg
from tom_observations.visibility import SiteNight, site_nights
from tom_targets.bodies import BODY_FIELDS, bodies_of

MAX_TARGETS = 5000
DEFAULT_SORT = "-hours"
_FIRST_SORTS = {"name": "name", "hours": "-hours", "start": "start", "airmass": "airmass", "moon": "-moon"}


@dataclass(frozen=True)
class NightRow:
    """One target of the list: a night at each site, and the site that is best."""

    pk: int
    name: str
    nights: list[SiteNight]
    best: SiteNight
    strip: SafeString

    @property
    def url(self) -> str:
        """Address of the target's page."""
        return reverse("targets:detail", args=(self.pk,))

    def as_json(self) -> dict[str, Any]:
        """Return the row as the REST API gives it."""
        return {
            "target": self.pk,
            "name": self.name,
            "best_site": self.best.site.code if self.best.is_observable else None,
            "nights": [night.as_json() for night in self.nights],
        }


class NightTable:
    """What a night offers for n targets at some sites.

    Parameters
    ----------
    targets : QuerySet
        At most `MAX_TARGETS` are read, in one query.
    nights : sequence of (Site, date)
        Each site with the evening of its night.
    limits : Limits
    """

    def __init__(self, targets: QuerySet, nights: Sequence[tuple[Site, date]], limits: Limits) -> None:
        fields = ("pk", "name", *BODY_FIELDS)
        self.targets = list(targets.order_by("pk").values_list(*fields, named=True)[: MAX_TARGETS + 1])
        self.is_too_long = len(self.targets) > MAX_TARGETS
        if self.is_too_long:
            self.targets = []
        self.summaries: list[NightSummary] = site_nights(bodies_of(self.targets), nights, limits)
        self._hours = np.array([found.hours for found in self.summaries])
        self.best_site = self._best_site()
        spans = [span for found in self.summaries if (span := darkness(found.night, limits.twilight))]
        self.begin = min((span[0] for span in spans), default=0.0)
        self.end = max((span[1] for span in spans), default=1.0)

    def _best_site(self) -> NDArray[np.int64]:
        """Return for each target the site with most hours, of those the one where it stands highest."""
        if not self.targets:
            return np.zeros(0, dtype=np.int64)
        heights = np.nan_to_num([found.best_altitude_deg for found in self.summaries], nan=-90.0)
        return np.asarray(np.argmax(np.nan_to_num(self._hours, nan=-1.0) + heights / 1e4, axis=0))

    def __len__(self) -> int:
        """How many targets."""
        return len(self.targets)

    @property
    def observable_count(self) -> int:
        """How many targets are observable at one of the sites at least."""
        return int((np.nan_to_num(self._hours) > 0).any(axis=0).sum()) if self.targets else 0

    def _of_best(self, name: str) -> NDArray[np.float64]:
        values = np.array([getattr(found, name) for found in self.summaries])
        return values[self.best_site, np.arange(len(self))]

    def _keys(self, name: str) -> Any:
        if name == "name":
            return np.array([row.name.lower() for row in self.targets])
        if name.startswith("hours."):
            codes = [found.site.code for found in self.summaries]
            return self._hours[codes.index(name.partition(".")[2])]
        columns = {
            "hours": "hours",
            "start": "window_start",
            "airmass": "best_airmass",
            "moon": "best_moon_deg",
        }
        return self._of_best(columns[name])

    def chosen_sort(self, wanted: str) -> str:
        """Return the order asked for; the default for one that does not exist."""
        name = wanted.removeprefix("-")
        known = name in _FIRST_SORTS or name in {f"hours.{found.site.code}" for found in self.summaries}
        return wanted if known else DEFAULT_SORT

    def sorted_rows(self, sort: str, *, start: int = 0, count: int | None = None) -> list[NightRow]:
        """Return rows in an order; what is not known comes last, equals come by name.

        Parameters
        ----------
        sort : str
            ``name``, ``hours``, ``start``, ``airmass``, ``moon`` (of the best site) or ``hours.<site>``; with
            a minus downwards.
        start, count : int
            The part of the rows to return.
        """
        if not self.targets:
            return []
        keys = self._keys(sort.removeprefix("-"))
        by_name = np.argsort(self._keys("name"), kind="stable")
        keys = keys[by_name]
        if sort.startswith("-") and keys.dtype.kind == "f":
            order = np.argsort(-keys, kind="stable")
        else:
            order = np.argsort(keys, kind="stable")
            order = order[::-1] if sort.startswith("-") else order
        order = by_name[order]
        return [self._row(int(i)) for i in order[start : None if count is None else start + count]]

    def _row(self, i: int) -> NightRow:
        nights = [SiteNight(found.site, found, i) for found in self.summaries]
        target = self.targets[i]
        words = [f"{night.site.label} {night.window_text}" for night in nights if night.is_observable]
        strip = night_strip_svg(
            [(night.dark, night.window) for night in nights],
            begin=self.begin,
            end=self.end,
            label="; ".join(words) or "not observable",
        )
        return NightRow(target.pk, target.name, nights, nights[int(self.best_site[i])], strip)

    @property
    def axis(self) -> SafeString:
        """The time axis of the strips: hours (UTC) under small ticks."""
        hours = (self.end - self.begin) * 24
        every = next(step for step in (3, 6, 12, 24, 10_000) if hours / step <= 7)
        parts = []
        for hour in range(int(np.ceil(self.begin * 24 / every)) * every, int(self.end * 24) + 1, every):
            x = (hour / 24 - self.begin) / (self.end - self.begin) * 160
            anchor = "start" if x < 8 else "end" if x > 152 else "middle"
            parts.append(f'<text x="{x:.0f}" y="10" text-anchor="{anchor}">{hour % 24:02d}</text>')
        return mark_safe(  # noqa: S308  our own numbers
            f'<svg class="tom-night-axis" viewBox="0 0 160 12" aria-hidden="true">{"".join(parts)}</svg>'
        )

    @property
    def span_text(self) -> str:
        """From when to when the strips run."""
        ends = [f"{mjd_utc_to_datetime(mjd):%Y-%m-%d %H:%M}" for mjd in (self.begin, self.end)]
        return f"{ends[0]} to {ends[1]} UTC"


def first_sort(name: str) -> str:
    """Return the order that a first click on the head of a column gives."""
    return _FIRST_SORTS.get(name, f"-{name}")
