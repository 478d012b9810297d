"""The one-box search: its page, and the suggestions below the box in the bar."""

from types import MappingProxyType
from urllib.parse import urlencode

from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from tom_targets import one_box, selectors
from tom_targets.permissions import may_create_targets
from tom_targets.sparklines import sparklines_for

HITS, SUGGESTIONS = 50, 8
_WIDER_ARCSEC = (10.0, 60.0, 600.0, 3600.0)


class TargetSearchView(View):
    """Says what a text was understood as, and lists the first targets that fit."""

    def get(self, request):
        text = request.GET.get("query", "").strip()
        found = one_box.find(selectors.visible_targets(request.user), text, limit=HITS)
        if found.is_certain and len(found.hits) == 1:
            return redirect("targets:detail", pk=found.hits[0].target.pk)
        context = {
            "query": text,
            "found": found,
            "hits": hit_rows(found.hits, sparklines_for(hit.target.pk for hit in found.hits)),
            "list_url": list_url(found),
            "list_text": LIST_TEXTS.get(found.meaning.kind, "Show them in the list"),
            "wider": wider_searches(found.meaning),
            "create_url": create_url(request.user, found.meaning),
        }
        return render(request, "tom_targets/target_search.html", context)


class TargetSuggestView(View):
    """The first targets that fit what stands in the box, for htmx."""

    def get(self, request):
        text = request.GET.get("query", "").strip()
        found = one_box.find(selectors.visible_targets(request.user), text, limit=SUGGESTIONS)
        address = f"{reverse('targets:search')}?{urlencode({'query': text})}"
        context = {"query": text, "found": found, "hits": hit_rows(found.hits), "all_url": address}
        return render(request, "tom_targets/partials/search_suggestions.html", context)


LIST_TEXTS = {one_box.POSITION: "Show all within this radius", one_box.TAG: "Show all with this tag"}


def hit_rows(hits, curves=MappingProxyType({})):
    """Return name, address and reason of each hit, and its small light curve of those that are given."""
    return [
        {
            "curve": curves.get(hit.target.pk, ""),
            "name": hit.target.name,
            "url": reverse("targets:detail", args=[hit.target.pk]),
            "why": hit.why,
            "distance": "" if hit.separation_arcsec is None else one_box.angle(hit.separation_arcsec),
            "position": one_box.place(hit.target),
        }
        for hit in hits
    ]


def list_url(found):
    """Return the address of the list of all that fits, none where the page shows them all."""
    if not found.hits:
        return ""
    meaning = found.meaning
    if meaning.kind == one_box.TAG:
        pairs = {"key": meaning.key, **({"value": meaning.value} if meaning.value else {})}
    else:
        pairs = {"query": meaning.text}
    return f"{reverse('targets:list')}?{urlencode(pairs)}"


def wider_searches(meaning):
    """Return the same position with other radii."""
    if meaning.kind != one_box.POSITION:
        return []
    place = f"{meaning.position.ra_deg:.7f} {meaning.position.dec_deg:+.7f}"
    return [
        (one_box.angle(radius), "?" + urlencode({"query": f"{place}, r={radius:g}"}))
        for radius in _WIDER_ARCSEC
        if radius != meaning.radius_arcsec
    ]


def create_url(user, meaning):
    """Return the address of the form that adds a target there or of that name, for those who may."""
    if meaning.kind not in (one_box.POSITION, one_box.NAME) or not may_create_targets(user):
        return ""
    values = {"name": meaning.text}
    if meaning.kind == one_box.POSITION:
        values = {"ra": f"{meaning.position.ra_deg:.7f}", "dec": f"{meaning.position.dec_deg:.7f}"}
        if meaning.position.is_iau_name:
            values["name"] = meaning.text
    return f"{reverse('targets:create')}?{urlencode(values)}"
