"""Pages of a target's history: all its changes, and the target as it was at a time."""

from __future__ import annotations

from django.utils import timezone
from django.views.generic import TemplateView

from tom_common.keyset import count_rows, pager
from tom_targets import history_page
from tom_targets.views.mixins import TargetActionMixin


class TargetHistoryView(TargetActionMixin, TemplateView):
    """All changes of a target, newest first."""

    template_name = "tom_targets/target_history.html"
    target_action = "view_target"

    def get_context_data(self, **kwargs):
        page, lines = history_page.page_of_changes(
            self.target, self.request.user, self.request.GET.get("cursor") or None
        )
        rows = history_page.changes_of(self.request.user, "target", self.target.pk)
        return super().get_context_data(
            target=self.target,
            lines=lines,
            begins=history_page.history_begins(),
            **pager(self.request, page, count_rows(rows.order_by()), "changes"),
            **kwargs,
        )


class TargetAsOfView(TargetActionMixin, TemplateView):
    """The target as it was on a date, beside what it is now."""

    template_name = "tom_targets/target_as_of.html"
    target_action = "view_target"

    def get_context_data(self, **kwargs):
        typed = self.request.GET.get("date", "")
        when, error, found = history_page.asked_time(typed), "", None
        if typed and when is None:
            error = f"“{typed[:40]}” is no date. Write it like 2026-11-21 or 2026-11-21 18:30 (UTC)."
        elif when is not None:
            try:
                found = history_page.target_at(self.target, min(when, timezone.now()), self.request.user)
            except ValueError as problem:
                error = str(problem)
        facts = found.facts if found is not None else []
        only = self.request.GET.get("only") == "changed"
        return super().get_context_data(
            target=self.target,
            typed=typed,
            when=when,
            error=error,
            found=found,
            facts=[fact for fact in facts if fact.differs] if only else facts,
            only=only,
            changed_count=sum(fact.differs for fact in facts),
            **kwargs,
        )
