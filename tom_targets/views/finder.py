"""The finder chart of a target: a page to take to the telescope, on paper too."""

from __future__ import annotations

from datetime import UTC, datetime, time
from urllib.parse import urlencode

from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.generic import TemplateView

from tom_common import contributions
from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.hooks import import_method
from tom_targets import conf, finder, finder_chart
from tom_targets.facts import brightness_facts
from tom_targets.views.mixins import TargetActionMixin

FIELD_ARCMIN, LEAST_FIELD_ARCMIN, MOST_FIELD_ARCMIN = 10.0, 0.2, 120.0
FIELD_CHOICES = (1, 2, 5, 10, 20, 30, 60)
PLAIN = "none"
_LISTED = 12


class TargetFinderView(TargetActionMixin, TemplateView):
    """A chart around where the target is at a date, with our other targets in the field."""

    target_action = "view_target"
    template_name = "tom_targets/target_finder.html"

    def get_context_data(self, **kwargs):
        target, data = self.target, self.request.GET
        field = finder.number_in(data.get("fov"), LEAST_FIELD_ARCMIN, MOST_FIELD_ARCMIN, FIELD_ARCMIN)
        moment, date_error = self.read_date(data.get("date", ""))
        place = finder.place_at(target, moment)
        if place is None:
            raise Http404(f"{target.name} has no position, so there is no finder chart of it.")
        near = finder.neighbours(
            self.request.user, target, ra_deg=place.ra_deg, dec_deg=place.dec_deg, field_arcmin=field
        )
        backgrounds = self.backgrounds(place, field)
        chosen = self.chosen_background(backgrounds, data.get("background", ""))
        chart = finder_chart.finder_chart(
            finder_chart.Mark(place.ra_deg, place.dec_deg, target.name),
            field_arcmin=field,
            neighbours=[finder_chart.Mark(found.ra_deg, found.dec_deg, found.name) for found in near],
            stored=finder_chart.Mark(target.ra, target.dec) if place.has_moved else None,
            background_url=chosen["url"] if chosen else "",
            label=f"Finder chart of {target.name}, {field:g} arcminutes wide, north up, east to the left",
        )
        return super().get_context_data(
            target=target,
            chart=chart,
            field=f"{field:g}",
            field_choices=FIELD_CHOICES,
            date=f"{moment:%Y-%m-%d}",
            date_error=date_error,
            place=place,
            sexagesimal=f"{ra_to_hms(place.ra_deg)} {dec_to_dms(place.dec_deg)}",
            degrees=f"{place.ra_deg:.6f} {place.dec_deg:+.6f}",
            brightness=brightness_facts(target)[:2],
            neighbours=[neighbour_row(found, place) for found in near[:_LISTED]],
            neighbour_count=len(near),
            backgrounds=backgrounds,
            background=chosen,
            background_key=chosen["key"] if chosen else PLAIN,
            imagery_query=urlencode(
                {"fov": f"{field:g}", "ra": f"{place.ra_deg:.6f}", "dec": f"{place.dec_deg:.6f}"}
            ),
            surveys=bool(conf.sky_surveys()),
            made=timezone.now(),
            **kwargs,
        )

    @staticmethod
    def read_date(text):
        """Return noon (UTC) of the day that an address names, or now, and what is wrong with it."""
        if not text:
            return timezone.now(), ""
        try:
            day = parse_date(text)
        except ValueError:
            day = None
        if day is None or not 1900 < day.year < 2100:
            return timezone.now(), f"{text} is no date from 1901 to 2099 like 2026-11-21; today is shown."
        return datetime.combine(day, time(12), tzinfo=UTC), ""

    def backgrounds(self, place, field):
        """Return the images that apps offer for a chart: dicts with `key`, `label` and `url`."""
        found = []
        for _, path in contributions.collect("finder_backgrounds"):
            offered = import_method(path)(
                self.target,
                self.request.user,
                ra_deg=place.ra_deg,
                dec_deg=place.dec_deg,
                field_arcmin=field,
            )
            found.extend(offered)
        return found

    @staticmethod
    def chosen_background(backgrounds, key):
        if key == PLAIN:
            return None
        return next(
            (found for found in backgrounds if found["key"] == key), backgrounds[0] if backgrounds else None
        )


def neighbour_row(found, place):
    """Return a neighbour with the offsets from it to the target, as a telescope is told to move."""
    offset = finder_chart.tangent_offset_arcsec(
        place.ra_deg, place.dec_deg, centre_ra_deg=found.ra_deg, centre_dec_deg=found.dec_deg
    )
    east, north = offset or (0.0, 0.0)
    return {
        "name": found.name,
        "url": found.url,
        "distance": f"{found.separation_arcsec:.1f}",
        "position": f"{ra_to_hms(found.ra_deg, decimals=2)} {dec_to_dms(found.dec_deg, decimals=1)}",
        "offset": f"{_towards(east, 'E', 'W')}, {_towards(north, 'N', 'S')}",
    }


def _towards(arcsec, positive, negative):
    return f"{abs(arcsec):.1f}″ {positive if arcsec >= 0 else negative}"
