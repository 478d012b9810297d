"""The all-sky map of the targets that a visitor may see, and the data behind it."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import urlencode

from django.http import JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views import View
from django.views.generic import TemplateView

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.astro.night import sun_and_moon
from tom_common.astro.time import datetime_to_mjd_utc
from tom_targets import list_state, selectors, sky_map
from tom_targets.filters import TargetFilterSet
from tom_targets.formats import count_text
from tom_targets.list_state import list_url
from tom_targets.models import Target
from tom_targets.sky_counts import sky_content


class SkyMixin:
    """A view of the targets that a visitor may see, narrowed by the filters of the list."""

    filterset_class = TargetFilterSet

    def get_queryset(self):
        return selectors.visible_targets(self.request.user)

    def read_filters(self):
        """Read the filters in the address; `targets` is empty where they are not understood."""
        data = self.request.GET.copy()
        self.is_asked = bool(data.pop("draw", None))
        self.pairs = list_state.filter_pairs(data)
        self.filterset = self.filterset_class(data, self.get_queryset(), request=self.request)
        self.is_valid = not self.filterset.errors
        self.targets = self.filterset.qs if self.is_valid else Target.objects.none()

    def get_content(self, *, only_quick=False):
        narrowed = sha256(urlencode(sorted(self.pairs)).encode()).hexdigest()[:24]
        key = f"tom_targets.sky.{self.request.user.pk or 0}.{narrowed}"
        return sky_content(self.targets, cache_key=key, only_quick=only_quick)


class TargetSkyView(SkyMixin, TemplateView):
    """The map. Where the targets are many and not counted yet, the page comes first and the map follows."""

    template_name = "tom_targets/target_sky.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        self.read_filters()
        is_htmx = bool(self.request.headers.get("HX-Request"))
        content = self.get_content(only_quick=not (is_htmx or self.is_asked))
        query = urlencode(self.pairs)
        context.update(
            filter=self.filterset,
            chips=list_state.filter_chips(self.filterset) if self.is_valid else [],
            clear_url=reverse("targets:sky"),
            list_url=f"{list_url()}?{query}" if query else list_url(),
            query_string=query,
            content=content,
        )
        if content is not None:
            context.update(self.drawn(content))
        return context

    def drawn(self, content):
        if content.tiles is not None:
            marks = sky_map.tiles_markup(content.tiles)
            kind = f"as a density map of tiles {sky_map.tile_width_text(content.tiles.order)} wide"
        else:
            marks = sky_map.points_markup(
                [row[2] for row in content.points], [row[3] for row in content.points]
            )
            kind = "each as a dot"
        label = f"Map of the whole sky with {content.count:,} targets, {kind}."
        bodies = [sky_map.Body(*body) for body in sun_and_moon(datetime_to_mjd_utc(timezone.now()))]
        return {
            "map_svg": sky_map.map_markup(marks, label=label, bodies=bodies),
            "count_text": count_text(content.count, False),
            "scale": sky_map.scale_steps(content.tiles) if content.tiles is not None else [],
            "regions": self.regions(content),
            "tile_width": sky_map.tile_width_text(content.tiles.order) if content.tiles else "",
        }

    def regions(self, content):
        """Return the rows of the table: where, how many, and the address of the list of them."""
        tiles = content.regions
        pairs = [pair for pair in self.pairs if pair[0] != "sky_tile"]
        ra, dec = tiles.centres
        columns = zip(tiles.pixel.tolist(), ra.tolist(), dec.tolist(), tiles.count.tolist(), strict=True)
        return [
            {
                "ra": ra_to_hms(ra_deg, decimals=0)[:5],
                "dec": dec_to_dms(dec_deg, decimals=0)[:3],
                "count": f"{count:,}",
                "url": f"{list_url()}?{urlencode([*pairs, ('sky_tile', f'{tiles.order}/{pixel}')])}",
            }
            for pixel, ra_deg, dec_deg, count in sorted(columns, key=lambda row: (-round(row[2], 3), row[1]))
        ]

    def get_template_names(self):
        if self.request.headers.get("HX-Request"):
            return ["tom_targets/partials/sky_content.html"]
        return super().get_template_names()


class TargetSkyDataView(SkyMixin, View):
    """The same targets as columns of JSON, for the script of the map."""

    def get(self, request):
        self.read_filters()
        if not self.is_valid:
            return JsonResponse({"detail": self.filterset.errors.get_json_data()}, status=400)
        content = self.get_content()
        answer = {
            "count": content.count,
            "without_position": content.without_position,
            "counted_at": content.counted_at.isoformat(timespec="seconds"),
        }
        if content.tiles is None:
            columns = list(zip(*content.points, strict=True)) or [(), (), (), ()]
            answer["points"] = dict(zip(("pk", "name", "ra", "dec"), columns, strict=True))
        else:
            tiles = content.tiles
            ra, dec = tiles.centres
            answer["tiles"] = {
                "order": tiles.order,
                "pixel": tiles.pixel.tolist(),
                "count": tiles.count.tolist(),
                "ra": ra.round(3).tolist(),
                "dec": dec.round(3).tolist(),
                "outline": tiles.outlines(),
            }
        return JsonResponse(answer)
