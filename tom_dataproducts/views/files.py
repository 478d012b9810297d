"""Files of targets: list, picture, featured, delete."""

from __future__ import annotations

import hashlib
import logging

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import redirect
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView, View

from tom_common.keyset import count_rows, keyset_page
from tom_common.request_facts import own_address
from tom_dataproducts import conf, services
from tom_dataproducts.file_selectors import files_url, product_or_404, with_rights
from tom_dataproducts.filters import DataProductFilter
from tom_dataproducts.images import MAX_FILE_BYTES, STRETCHES, PictureError, error_png, fits_png
from tom_dataproducts.models import DataProduct, DataProductGroup
from tom_dataproducts.permissions import data_products_for_user, groups_for_user
from tom_dataproducts.tasks import read_fits_soon
from tom_dataproducts.views.undo_links import deleted_text
from tom_targets.formats import count_text

logger = logging.getLogger(__name__)
_PAGE_SIZE = 25
_MOST_COUNTED = 1000
_FORM_OF_PICTURE = 1
_A_YEAR_S = 31_536_000


class DataProductListView(TemplateView):
    """The files that the user may see, newest first; ``?sort=`` says another order."""

    template_name = "tom_dataproducts/dataproduct_list.html"
    sorts = (
        ("-pk", "newest first"),
        ("pk", "oldest first"),
        ("data", "by path, from A"),
        ("-data", "by path, from Z"),
        ("data_product_type", "by type"),
    )

    def get_context_data(self, **kwargs):
        user = self.request.user
        seen = data_products_for_user(user, DataProduct.objects.all())
        filterset = DataProductFilter(self.request.GET, queryset=seen, user=user)
        rows = filterset.qs if filterset.is_valid() else filterset.queryset.none()
        wanted = self.request.GET.get("sort", "")
        sort = wanted if wanted in dict(self.sorts) else "-pk"
        page = keyset_page(
            with_rights(rows, user).select_related("target"),
            sort=sort,
            page_size=_PAGE_SIZE,
            cursor=self.request.GET.get("cursor"),
        )
        read_fits_soon([product for product in page.items if not product.thumbnail])
        chips = self._chips(filterset)
        groups = groups_for_user(user, DataProductGroup.objects.all(), "change_dataproductgroup")
        return super().get_context_data(
            filter=filterset,
            object_list=page.items,
            sorts=self.sorts,
            sort=sort,
            next_url=self._url(page.next_cursor),
            previous_url=self._url(page.previous_cursor),
            total_text=self._total(rows, page, is_filtered=bool(chips)),
            has_more=bool(page.next_cursor or page.previous_cursor),
            query_string=self._without("cursor").urlencode(),
            chips=chips,
            clear_url=self.request.path,
            has_groups=user.is_authenticated and bool(page.items) and groups.exists(),
            **kwargs,
        )

    def _total(self, rows, page, *, is_filtered):
        """Say how many files there are, without looking at more than a thousand."""
        if not (page.next_cursor or page.previous_cursor):
            return count_text(len(page), False, "file")
        # In the order of the keys: else the engines walk from target to target.
        counted = rows.order_by("-pk")[: _MOST_COUNTED + 1].count() if is_filtered else None
        if counted is None:
            count = count_rows(rows, limit=_MOST_COUNTED)
            return count_text(count.value, count.is_estimate, "file")
        if counted > _MOST_COUNTED:
            return f"more than {_MOST_COUNTED:,} files"
        return count_text(counted, False, "file")

    def _without(self, *names):
        query = self.request.GET.copy()
        for name in names:
            query.pop(name, None)
        return query

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
            field = filterset.form.fields[name]
            shown = value
            if name in ("data_product_type", "group", "featured"):
                choices = field.choices if hasattr(field, "choices") else field.widget.choices
                shown = {str(key): text for key, text in choices}.get(value, value)
            query = self._without(name, "cursor")
            chips.append({"label": field.label, "value": shown, "remove_url": f"?{query.urlencode()}"})
        return chips


@require_safe
def image(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Draw the first image of a FITS file; a file that is broken gets a picture that says so."""
    stretch = request.GET.get("stretch", STRETCHES[0])
    if stretch not in STRETCHES:
        raise Http404(f"There is no stretch {stretch!r}; there are {', '.join(STRETCHES)}.")
    product = product_or_404(request.user, pk)
    if not product.has_picture:
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
        wanted = own_address(self.request, self.request.POST.get("next", ""))
        return redirect(wanted or files_url(self.product.target))


class DataProductDeleteView(_ChangeView, TemplateView):
    """Ask, then delete a file with what was measured from it."""

    template_name = "tom_dataproducts/dataproduct_confirm_delete.html"

    def get_context_data(self, **kwargs):
        points = self.product.photometryreduceddatum_set.count() + self.product.reduceddatum_set.count()
        points += self.product.spectroscopyreduceddatum_set.count()
        return super().get_context_data(
            object=self.product,
            points=points,
            next=self.request.GET.get("next", ""),
            days=conf.file_trash_days(),
            files_url=files_url(self.product.target),
            **kwargs,
        )

    def post(self, request, pk):
        name = str(self.product)
        answer = self.back()
        undone_by = services.delete_data_product(self.product, user=request.user)
        messages.success(request, deleted_text(f"{name} is deleted.", undone_by))
        return answer


class DataProductFeatureView(_ChangeView):
    """Let a file stand for its target, or no longer."""

    http_method_names = ("post", "options")

    def post(self, request, pk):
        featured = request.POST.get("featured", "1") == "1"
        services.feature_data_product(self.product, featured=featured)
        return self.back()
