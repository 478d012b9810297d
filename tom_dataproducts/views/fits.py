"""The page of a FITS file, and what its viewer asks for: facts, preview, parts of the image, thumbnail."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView, View

from tom_dataproducts.file_selectors import product_or_404, source_of
from tom_dataproducts.fits_images import services
from tom_dataproducts.fits_images.cards import cards_of
from tom_dataproducts.images import STRETCHES, PictureError, error_png, grey_png
from tom_dataproducts.models import DataProduct, FitsExtension, FitsReading
from tom_dataproducts.tasks import draw_fits_soon, read_fits_soon

_FORM = 1


def _fits_product(request: HttpRequest, pk: int) -> DataProduct:
    product = product_or_404(request.user, pk)
    if not product.has_picture:
        raise Http404("This data product is no FITS file.")
    return product


def _extension(request: HttpRequest, pk: int, number: int) -> FitsExtension:
    """Return an extension whose preview is there, or answer 404."""
    product = _fits_product(request, pk)
    rows = FitsExtension.objects.filter(reading__data_product=product, number=number, view__isnull=False)
    extension = rows.filter(reading__source=source_of(product)).select_related("reading").first()
    if extension is None:
        raise Http404("There is no such image in this file, or it was not drawn yet.")
    extension.reading.data_product = product
    return extension


class FitsPageView(TemplateView):
    """Images and headers of a FITS file; ``?ext=`` chooses the extension, ``?q=`` searches its header."""

    template_name = "tom_dataproducts/fits.html"

    def get_context_data(self, **kwargs):
        product = _fits_product(self.request, kwargs["pk"])
        reading = self._reading(product)
        found = list(reading.extensions.defer("header")) if reading else []
        chosen = self._chosen(found)
        if chosen is not None and chosen.is_image and chosen.view is None and not chosen.problem:
            if draw_fits_soon(chosen, user=self.request.user):
                chosen.refresh_from_db()  # without a worker it was drawn at once
        words = self.request.GET.get("q", "").strip()
        cards = cards_of(chosen.header) if chosen else []
        stretch = self.request.GET.get("stretch", "")
        return super().get_context_data(
            product=product,
            target=product.target,
            reading=reading,
            extensions=found,
            extension=chosen,
            words=words,
            cards=[card for card in cards if card.has(words)],
            card_count=len(cards),
            stretch=stretch if stretch in STRETCHES else STRETCHES[0],
            stretches=STRETCHES,
            viewer=self._viewer(product, chosen) if chosen and chosen.view else None,
            **kwargs,
        )

    def render_to_response(self, context, **kwargs):
        """Answer the waiting page, which asks again and again, with nothing until it is worth a new look."""
        if not self.request.headers.get("HX-Request"):
            return super().render_to_response(context, **kwargs)
        response = HttpResponse(status=204)
        extension = context["extension"]
        is_waiting = (
            extension is not None and extension.is_image and not (extension.view or extension.problem)
        )
        if context["reading"] and not is_waiting:
            response["HX-Refresh"] = "true"
        return response

    def _reading(self, product: DataProduct) -> FitsReading | None:
        reading = services.reading_of(product)
        if reading is None and read_fits_soon([product], user=self.request.user):
            reading = services.reading_of(product)  # without a worker it was read at once
        return reading

    def _chosen(self, found: list[FitsExtension]) -> FitsExtension | None:
        asked = self.request.GET.get("ext", "")
        if asked:
            return next((one for one in found if str(one.number) == asked), None) or next(iter(found), None)
        return next((one for one in found if one.is_image), None) or next(iter(found), None)

    def _viewer(self, product: DataProduct, extension: FitsExtension) -> dict[str, Any]:
        arguments = [product.pk, extension.number]
        return {
            "view_url": reverse("dataproducts:fits-view", args=arguments),
            "preview_url": reverse("dataproducts:fits-preview", args=arguments),
            "tile_url": reverse("dataproducts:fits-tile", args=arguments),
            "picture_url": reverse("dataproducts:fits-picture", args=arguments),
        }


class FitsReadAgainView(LoginRequiredMixin, View):
    """Forget what was read of a file, so that it is read again."""

    http_method_names = ("post", "options")

    def post(self, request, pk):
        product = _fits_product(request, pk)
        if not product.may_change:
            raise Http404("You may see this file, but not have it read again.")
        services.forget(product)
        read_fits_soon([product], user=request.user)
        messages.success(request, f"{product} is being read again.")
        return redirect("dataproducts:fits", pk=pk)


@require_safe
def fits_view(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Answer with size, limits and sky of an image."""
    extension = _extension(request, pk, number)
    content = {**extension.view, "unit": extension.unit, "name": str(extension), "tile": services.TILE_SIDE}
    return _kept(request, _tag(extension, "view"), lambda: (orjson.dumps(content), "application/json"))


@require_safe
def fits_preview(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Answer with the pixels of the preview: 32-bit floats, little-endian, first row at the bottom."""
    extension = _extension(request, pk, number)

    def make() -> tuple[bytes, str]:
        return services.preview_pixels(extension).tobytes(), "application/octet-stream"

    return _kept(request, _tag(extension, "preview"), make)


@require_safe
def fits_tile(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Answer with pixels of a part at ``x``, ``y`` (from 0), blocks of ``step``, as the preview's."""
    extension = _extension(request, pk, number)
    left, bottom, step = (_whole(request, name) for name in ("x", "y", "step"))

    def make() -> tuple[bytes, str]:
        pixels = services.tile(extension, left=left, bottom=bottom, step=step)
        return pixels.astype("<f4").tobytes(), "application/octet-stream"

    return _kept(request, _tag(extension, f"tile {left} {bottom} {step}"), make)


@require_safe
def fits_picture(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Draw the preview as a PNG in a ``stretch``."""
    extension = _extension(request, pk, number)
    stretch = request.GET.get("stretch", STRETCHES[0])
    if stretch not in STRETCHES:
        raise Http404(f"There is no stretch {stretch!r}; there are {', '.join(STRETCHES)}.")

    def make() -> tuple[bytes, str]:
        name = "zscale" if stretch == "zscale" else "percentile"
        low, high = extension.view["limits"][name]
        pixels = services.preview_pixels(extension)
        return grey_png(pixels, low=low, high=high, stretch=stretch), "image/png"

    return _kept(request, _tag(extension, f"picture {stretch}"), make)


@require_safe
def thumbnail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the stored thumbnail of a product; a small empty picture as long as there is none."""
    product = product_or_404(request.user, pk)
    if not product.thumbnail:
        response = HttpResponse(_EMPTY_SVG, content_type="image/svg+xml")
        patch_cache_control(response, no_store=True)
        return response
    tag = hashlib.sha256(f"{_FORM} {product.pk} {product.thumbnail.name}".encode()).hexdigest()[:32]

    def make() -> tuple[bytes, str]:
        with product.thumbnail.open("rb") as file:
            return file.read(), "image/png"

    try:
        return _kept(request, f'"{tag}"', make)
    except OSError:
        return HttpResponse(error_png("thumbnail missing"), content_type="image/png", status=404)


# Two pixels wide: by that the page knows that it has to ask again.
_EMPTY_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>'


def _whole(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Http404(f"The parameter {name} is a whole number, not {text[:40]!r}.")
    return int(text)


def _tag(extension: FitsExtension, what: str) -> str:
    facts = f"{_FORM} {extension.pk} {extension.reading.source} {extension.preview.name} {what}"
    return f'"{hashlib.sha256(facts.encode()).hexdigest()[:32]}"'


def _kept(request: HttpRequest, tag: str, make: Any) -> HttpResponseBase:
    """Answer with what `make` gives, for the browser to keep; 404 with the reason where it cannot be made."""
    response = get_conditional_response(request, etag=tag)
    if response is None:
        try:
            content, kind = make()
        except PictureError as error:
            raise Http404(f"This part cannot be shown: {error}.") from error
        response = HttpResponse(content, content_type=kind)
    # Asked for each time: permissions change without the file changing.
    patch_cache_control(response, private=True, no_cache=True)
    response["ETag"] = tag
    return response
