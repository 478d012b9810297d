"""Pages of changes: what was done by whom, one change set, and undoing it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404
from django.shortcuts import redirect
from django.views.generic import TemplateView

from tom_common.forms.history import ChangeFilterForm
from tom_common.history import RevertRefusedError
from tom_common.history.permissions import why_not_revert
from tom_common.history.revert import plan_revert
from tom_common.history.selectors import changes_in, visible_change_sets
from tom_common.history.services import is_long, undo
from tom_common.history.telling import tell
from tom_common.history.words import change_lines
from tom_common.keyset import count_rows, keyset_page, pager

PAGE_SIZE = 50


class ChangeListView(LoginRequiredMixin, TemplateView):
    """Change sets that one may see, newest first."""

    template_name = "tom_common/history/change_list.html"

    def get_context_data(self, **kwargs):
        form = ChangeFilterForm(self.request.GET)
        wanted = form.cleaned_data if form.is_valid() else {}
        rows = visible_change_sets(self.request.user, wanted)
        cursor = self.request.GET.get("cursor") or None
        page = keyset_page(rows, sort="-pk", page_size=PAGE_SIZE, cursor=cursor)
        return super().get_context_data(
            form=form,
            is_filtered=any(wanted.get(name) for name in form.fields),
            target_pk=wanted.get("target"),
            change_sets=tell(self.request.user, page.items),
            **pager(self.request, page, count_rows(rows.order_by()), "change sets"),
            **kwargs,
        )


class ChangeSetMixin(LoginRequiredMixin):
    """Finds the change set of the address among those that the user may see."""

    def get_change_set(self):
        found = visible_change_sets(self.request.user).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404("There is no such change set, or you may see nothing of it.")
        return found


class ChangeSetView(ChangeSetMixin, TemplateView):
    """One change set: who, why, and each change with old and new values."""

    template_name = "tom_common/history/change_set.html"

    def get_context_data(self, **kwargs):
        found = self.get_change_set()
        rows = changes_in(self.request.user, found)
        cursor = self.request.GET.get("cursor") or None
        page = keyset_page(rows, sort="pk", page_size=PAGE_SIZE, cursor=cursor)
        return super().get_context_data(
            change_set=found,
            told=tell(self.request.user, [found], thorough=True)[0],
            reverts=getattr(found, "reverts", None),
            refusal=why_not_revert(self.request.user, found),
            lines=change_lines(page.items),
            **pager(self.request, page, count_rows(rows.order_by()), "changes"),
            **kwargs,
        )


class RevertView(ChangeSetMixin, TemplateView):
    """Says what undoing a change set would do and what is in the way; does it when told so."""

    template_name = "tom_common/history/revert.html"

    def get_context_data(self, **kwargs):
        found = self.get_change_set()
        plan = plan_revert(found, self.request.user)
        told = tell(self.request.user, [found], thorough=True)[0]
        in_job = plan.is_checked and is_long(found)
        return super().get_context_data(change_set=found, told=told, plan=plan, in_job=in_job, **kwargs)

    def post(self, request, *args, **kwargs):
        found = self.get_change_set()
        reason = request.POST.get("reason", "").replace("\x00", "").strip()
        try:
            undone = undo(found, request.user, reason=reason)
        except RevertRefusedError as error:
            messages.error(request, f"Nothing was undone. {error}")
            return redirect("change-set-revert", pk=found.pk)
        if undone.job is not None:
            return redirect("job-detail", pk=undone.job.pk)
        made = undone.change_set
        if made is None:
            messages.info(request, "There was nothing left to undo.")
            return redirect("change-set", pk=found.pk)
        messages.success(request, "Undone. This can be undone in turn.")
        return redirect("change-set", pk=made.pk)
