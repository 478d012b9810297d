"""The spectra of a target as JSON for the plot, and the page of the spectra of one file."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from tom_dataproducts.file_selectors import product_or_404
from tom_dataproducts.section_contexts import spectra_context
from tom_dataproducts.spectra_formats import spectra_json
from tom_dataproducts.spectra_selectors import MOST_SHOWN, redshift_of, spectra_page
from tom_dataproducts.views.photometry import fill, visible_target

# A new number makes browsers drop what they kept when the content of the answers changes its form.
_FORM = 1
_KEY = re.compile(r"[sr]\d{1,18}")


@require_safe
def spectra(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Answer with facts of all spectra of a target and the points of those in ``show`` (keys, commas)."""
    target = visible_target(request, pk)
    product = request.GET.get("product", "")
    asked = request.GET.get("show")
    keys = None if asked is None else [key for key in asked.split(",") if _KEY.fullmatch(key)][:MOST_SHOWN]
    page = spectra_page(
        target,
        user=request.user,
        keys=keys,
        product_pk=int(product) if re.fullmatch(r"\d{1,18}", product) else None,
    )
    redshift = redshift_of(target)
    tag = f'"{_FORM}-{page.digest[:32]}-{target.pk}-{redshift}"'
    response = get_conditional_response(request, etag=tag)
    if response is None:
        response = HttpResponse(content_type="application/json")
        fill(request, response, spectra_json(target.name, page, redshift=redshift))
    # Kept by the browser alone, and asked for each time: permissions change without the data changing.
    patch_cache_control(response, private=True, no_cache=True)
    response["ETag"] = tag
    return response


class SpectrumPageView(TemplateView):
    """The spectra that came from one file."""

    template_name = "tom_dataproducts/spectrum.html"

    def get_context_data(self, **kwargs):
        product = product_or_404(self.request.user, kwargs["pk"])
        found = spectra_context(product.target, self.request.user, product_pk=product.pk)
        return super().get_context_data(product=product, target=product.target, **found, **kwargs)
