"""Groups of files: list, make, fill, look into, delete."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import FormView, TemplateView

from tom_common.keyset import count_rows, keyset_page
from tom_dataproducts import services
from tom_dataproducts.file_selectors import group_or_404, visible_groups, visible_products
from tom_dataproducts.forms import AddProductToGroupForm, DataProductGroupForm
from tom_dataproducts.models import DataProductGroup
from tom_dataproducts.permissions import groups_for_user
from tom_targets.formats import count_text

_PAGE_SIZE = 50


class DataProductGroupListView(TemplateView):
    template_name = "tom_dataproducts/dataproductgroup_list.html"

    def get_context_data(self, **kwargs):
        page = keyset_page(
            visible_groups(self.request.user),
            sort="-pk",
            page_size=_PAGE_SIZE,
            cursor=self.request.GET.get("cursor"),
        )
        return super().get_context_data(
            object_list=page.items,
            next_url=f"?cursor={page.next_cursor}" if page.next_cursor else "",
            previous_url=f"?cursor={page.previous_cursor}" if page.previous_cursor else "",
            **kwargs,
        )


class DataProductGroupCreateView(LoginRequiredMixin, FormView):
    template_name = "tom_dataproducts/dataproductgroup_form.html"
    form_class = DataProductGroupForm

    def form_valid(self, form):
        group = services.create_group(form, user=self.request.user)
        messages.success(self.request, f"The group {group.name} is there; choose files for it in the list.")
        return redirect("dataproducts:group-detail", pk=group.pk)


class DataProductGroupDetailView(TemplateView):
    """The files of a group that the user may see."""

    template_name = "tom_dataproducts/dataproductgroup_detail.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        group = group_or_404(user, kwargs["pk"])
        rows = visible_products(user).filter(group=group)
        page = keyset_page(
            rows.select_related("target"),
            sort="-pk",
            page_size=_PAGE_SIZE,
            cursor=self.request.GET.get("cursor"),
        )
        count = count_rows(rows)
        mine = groups_for_user(user, DataProductGroup.objects.filter(pk=group.pk), "delete_dataproductgroup")
        return super().get_context_data(
            object=group,
            object_list=page.items,
            may_delete=mine.exists(),
            next_url=f"?cursor={page.next_cursor}" if page.next_cursor else "",
            previous_url=f"?cursor={page.previous_cursor}" if page.previous_cursor else "",
            total_text=count_text(count.value, count.is_estimate, "file"),
            **kwargs,
        )


class DataProductGroupDeleteView(LoginRequiredMixin, TemplateView):
    """Ask, then delete a group; its files stay."""

    template_name = "tom_dataproducts/dataproductgroup_confirm_delete.html"

    def dispatch(self, request, *args, **kwargs):
        group_or_404(request.user, kwargs["pk"])
        if request.user.is_authenticated:
            mine = groups_for_user(request.user, DataProductGroup.objects.all(), "delete_dataproductgroup")
            self.object = mine.filter(pk=kwargs["pk"]).first()
            if self.object is None:
                raise PermissionDenied("You may see this group, but not delete it.")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(object=self.object, **kwargs)

    def post(self, request, pk):
        name = self.object.name
        self.object.delete()
        messages.success(request, f"The group {name} is deleted; its files are still there.")
        return redirect("dataproducts:group-list")


class DataProductGroupDataView(LoginRequiredMixin, FormView):
    """Put the files chosen in the list into a group."""

    template_name = "tom_dataproducts/add_product_to_group.html"
    form_class = AddProductToGroupForm

    def get_form_kwargs(self):
        user = self.request.user
        groups = groups_for_user(user, DataProductGroup.objects.all(), "change_dataproductgroup")
        return super().get_form_kwargs() | {
            "products": visible_products(user),
            "groups": groups.order_by("name"),
        }

    def get_initial(self):
        return {"products": self.request.GET.getlist("products")}

    def form_valid(self, form):
        group = form.cleaned_data["group"]
        added = services.add_to_group(group, form.cleaned_data["products"])
        messages.success(self.request, f"{count_text(added, False, 'file')} added to {group.name}.")
        return redirect(reverse("dataproducts:group-detail", args=[group.pk]))
