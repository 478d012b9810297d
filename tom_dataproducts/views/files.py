"""Files of targets: list, download, picture, featured, delete."""

from __future__ import annotations

import hashlib
import logging
import mimetypes

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import redirect
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date, url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView, View

from tom_common.keyset import count_rows, keyset_page
from tom_dataproducts import services
from tom_dataproducts.file_selectors import is_picture, product_or_404, visible_groups, visible_products
from tom_dataproducts.filters import DataProductFilter
from tom_dataproducts.images import MAX_FILE_BYTES, STRETCHES, PictureError, error_png, fits_png
from tom_dataproducts.permissions import groups_for_user
from tom_targets.formats import count_text

logger = logging.getLogger(__name__)
_PAGE_SIZE = 50
_FORM_OF_PICTURE = 1
_A_YEAR_S = 31_536_000


class DataProductListView(TemplateView):
    """The files that the user may see, newest first."""

    template_name = "tom_dataproducts/dataproduct_list.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        filterset = DataProductFilter(self.request.GET, queryset=visible_products(user))
        rows = filterset.qs if filterset.is_valid() else filterset.queryset.none()
        page = keyset_page(
            rows.select_related("target"),
            sort="-pk",
            page_size=_PAGE_SIZE,
            cursor=self.request.GET.get("cursor"),
        )
        for product in page.items:
            product.has_picture = is_picture(product)
        count = count_rows(rows)
        groups = groups_for_user(user, visible_groups(user), "change_dataproductgroup")
        return super().get_context_data(
            filter=filterset,
            object_list=page.items,
            next_url=self._url(page.next_cursor),
            previous_url=self._url(page.previous_cursor),
            total_text=count_text(count.value, count.is_estimate, "file"),
            chips=self._chips(filterset),
            clear_url=self.request.path,
            groups=list(groups) if user.is_authenticated and page.items else [],
            **kwargs,
        )

    def _url(self, cursor):
        if cursor is None:
            return ""
        query = self.request.GET.copy()
        query["cursor"] = cursor
        return f"?{query.urlencode()}"

    def _chips(self, filterset):
        chips = []
        for name, value in filterset.data.items():
            if name not in filterset.filters or not value:
                continue
            query = self.request.GET.copy()
            query.pop(name, None)
            query.pop("cursor", None)
            shown = (
                dict(filterset.form.fields[name].choices).get(value, value)
                if name == "data_product_type"
                else value
            )
            label = filterset.form.fields[name].label
            chips.append({"label": label, "value": shown, "remove_url": f"?{query.urlencode()}"})
        return chips


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send a file as a download: never shown in the page's own origin, whatever is in it."""
    product = product_or_404(request.user, pk)
    try:
        file = product.data.open("rb") if product.data else None
    except OSError as error:
        raise Http404("The file of this data product is missing.") from error
    if file is None:
        raise Http404("This data product has no file.")
    name = product.get_file_name()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = FileResponse(file, as_attachment=True, filename=name, content_type=kind)
    if name.endswith(".gz"):
        response["Content-Type"] = "application/gzip"  # the file as it is; nobody is to unpack it on the way
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
def image(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Draw the first image of a FITS file; a file that is broken gets a picture that says so."""
    stretch = request.GET.get("stretch", STRETCHES[0])
    if stretch not in STRETCHES:
        raise Http404(f"There is no stretch {stretch!r}; there are {', '.join(STRETCHES)}.")
    product = product_or_404(request.user, pk)
    if not is_picture(product):
        raise Http404("This data product is no FITS file.")
    changed = int(product.modified.timestamp())
    facts = f"{_FORM_OF_PICTURE} {product.pk} {product.data.name} {product.modified.isoformat()} {stretch}"
    tag = f'"{hashlib.sha256(facts.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=tag, last_modified=changed)
    if response is None:
        try:
            response = HttpResponse(fits_png(_content(product), stretch=stretch), content_type="image/png")
        except (PictureError, OSError) as error:
            logger.warning("data product %s (%s) cannot be shown: %s", product.pk, product.data.name, error)
            text = str(error) if isinstance(error, PictureError) else "file missing"
            response = HttpResponse(error_png(text), content_type="image/png")
            patch_cache_control(response, no_store=True)
            return response
    patch_cache_control(response, private=True, max_age=_A_YEAR_S, immutable=True)
    response["ETag"], response["Last-Modified"] = tag, http_date(changed)
    return response


def _content(product) -> bytes:
    with product.data.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise PictureError("file too large")
    return content


class _ChangeView(LoginRequiredMixin, View):
    """A view of one file that the user has to be allowed to change."""

    def dispatch(self, request, *args, **kwargs):
        self.product = product_or_404(request.user, kwargs["pk"])
        if request.user.is_authenticated and not self.product.may_change:
            raise PermissionDenied("You may see this file, but not change it.")
        return super().dispatch(request, *args, **kwargs)

    def back(self) -> HttpResponseRedirect:
        """Return to the page that the form names, if it is ours; else to the files of the target."""
        wanted = self.request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(wanted, {self.request.get_host()}, self.request.is_secure()):
            return redirect(wanted)
        return redirect(f"{self.product.target.get_absolute_url()}?tab=manage-data#manage-data")


class DataProductDeleteView(_ChangeView, TemplateView):
    """Ask, then delete a file with what was measured from it."""

    template_name = "tom_dataproducts/dataproduct_confirm_delete.html"

    def get_context_data(self, **kwargs):
        points = self.product.photometryreduceddatum_set.count() + self.product.reduceddatum_set.count()
        points += self.product.spectroscopyreduceddatum_set.count()
        return super().get_context_data(
            object=self.product, points=points, next=self.request.GET.get("next", ""), **kwargs
        )

    def post(self, request, pk):
        name = str(self.product)
        answer = self.back()
        services.delete_data_product(self.product)
        messages.success(request, f"{name} is deleted.")
        return answer


class DataProductFeatureView(_ChangeView):
    """Let a file stand for its target, or no longer."""

    http_method_names = ("post", "options")

    def post(self, request, pk):
        featured = request.POST.get("featured", "1") == "1"
        services.feature_data_product(self.product, featured=featured)
        return self.back()
