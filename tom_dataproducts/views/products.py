"""The page of one data product: facts, what was read from it, and what can be done with it."""

from __future__ import annotations

from django.views.generic import TemplateView

from tom_dataproducts.file_selectors import product_or_404
from tom_dataproducts.mapping_forms import mapping_words
from tom_dataproducts.upload_selectors import change_sets_of, stored_counts, upload_of

SHOWN_PROBLEMS = 50


class DataProductDetailView(TemplateView):
    """One data product."""

    template_name = "tom_dataproducts/dataproduct_detail.html"

    def get_context_data(self, **kwargs):
        product = product_or_404(self.request.user, self.kwargs["pk"])
        upload, counts = upload_of(product), stored_counts(product)
        change_sets = change_sets_of(upload)
        return super().get_context_data(
            object=product,
            product=product,
            target=product.target,
            upload=upload,
            counts=counts,
            has_spectra=any(words in ("spectrum", "spectra") for _, words in counts),
            change_sets=change_sets,
            is_undone=upload is not None
            and any(found.is_reverted and found.pk == upload.reading_set_pk for found in change_sets),
            groups=list(product.group.order_by("name")),
            meanings=mapping_words(upload),
            may_be_read=bool(product.data) and product.may_change,
            shown_problems=SHOWN_PROBLEMS,
            **kwargs,
        )
