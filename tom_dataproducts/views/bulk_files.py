"""Actions on the files ticked in a list: download as one archive, delete, take out of a group."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView, View

from tom_dataproducts import conf
from tom_dataproducts.bulk_files import archive_of, chosen_products, delete_products, take_out
from tom_dataproducts.file_selectors import group_or_404
from tom_dataproducts.tasks import delete_many_products
from tom_dataproducts.views.undo_links import deleted_text
from tom_targets.formats import count_text

MOST_AT_ONCE = 300  # more are deleted by a job
MOST_BY_JOB = 50_000
_SHOWN_NAMES = 8


class _SelectionMixin:
    """Reads the selection that a list has sent: ticked files, or all under its filters."""

    def selection(self, action):
        data = self.request.POST
        return chosen_products(
            self.request.user,
            action,
            pks=data.getlist("products"),
            everything=data.get("everything") == "1",
            query_string=data.get("query_string", ""),
        )

    def back_url(self):
        query = self.request.POST.get("query_string", "").lstrip("?")
        return f"{reverse('dataproducts:list')}?{query}" if query else reverse("dataproducts:list")

    def nothing_selected(self):
        messages.warning(self.request, "No file was selected.")
        return redirect(self.back_url())


class BulkDownloadView(_SelectionMixin, View):
    """Sends the chosen files as one zip archive while it is made."""

    http_method_names = ("post", "options")

    def post(self, request):
        products = self.selection("view_dataproduct")
        if not products.exists():
            return self.nothing_selected()
        response = StreamingHttpResponse(archive_of(products), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="files-{timezone.now():%Y%m%d-%H%M%S}.zip"'
        response["Cache-Control"] = "private, no-store"
        response["Content-Encoding"] = "identity"  # nobody is to hold it back to compress it
        return response


class BulkDeleteView(LoginRequiredMixin, _SelectionMixin, TemplateView):
    """Asks, then deletes many files with what was measured from them; very many in the background."""

    template_name = "tom_dataproducts/bulk_delete.html"
    http_method_names = ("get", "post", "options")

    def get(self, request, *args, **kwargs):
        messages.info(request, "Select files in the list first, then choose what to do with them.")
        return redirect("dataproducts:list")

    def post(self, request, *args, **kwargs):
        if not self.selection("view_dataproduct").exists():
            return self.nothing_selected()
        if "confirmed" in request.POST:
            return self.act()
        return self.render_to_response(self.get_context_data(**kwargs))

    def get_context_data(self, **kwargs):
        data = self.request.POST
        everything = data.get("everything") == "1"
        allowed = self.selection("delete_dataproduct")
        chosen_count, allowed_count = self.selection("view_dataproduct").count(), allowed.count()
        names = list(allowed.order_by("-pk")[:_SHOWN_NAMES])
        return super().get_context_data(
            everything=everything,
            chosen_pks=[] if everything else data.getlist("products"),
            query_string=data.get("query_string", ""),
            allowed_count=allowed_count,
            refused_count=chosen_count - allowed_count,
            allowed_text=count_text(allowed_count, False, "file"),
            names=names,
            more_count=allowed_count - len(names),
            back_url=self.back_url(),
            limit=MOST_BY_JOB,
            days=conf.file_trash_days(),
            most_at_once=MOST_AT_ONCE,
            **kwargs,
        )

    def act(self):
        user = self.request.user
        pks = list(
            self.selection("delete_dataproduct")
            .order_by("pk")
            .values_list("pk", flat=True)[: MOST_BY_JOB + 1]
        )
        if len(pks) > MOST_BY_JOB:
            messages.error(
                self.request, f"Nothing was deleted: at most {MOST_BY_JOB:,} files at once. Narrow the list."
            )
        elif len(pks) > MOST_AT_ONCE:
            title = f"Deletion of {count_text(len(pks), False, 'file')}"
            job = delete_many_products.submit(user=user, title=title, pks=pks, user_id=user.pk)
            return redirect(job.get_absolute_url())
        else:
            done = delete_products(pks, user=user)
            text = f"{count_text(done.deleted, False, 'file')} deleted."
            messages.success(self.request, deleted_text(text, done.change_set_pk))
        return redirect(self.back_url())


class GroupRemoveView(LoginRequiredMixin, View):
    """Takes files out of a group; the files stay."""

    http_method_names = ("post", "options")

    def post(self, request, pk):
        group = group_or_404(request.user, pk, "change_dataproductgroup")
        count = take_out(group, request.POST.getlist("products"), user=request.user)
        messages.success(request, f"{count_text(count, False, 'file')} taken out of {group.name}.")
        return redirect("dataproducts:group-detail", pk=group.pk)
