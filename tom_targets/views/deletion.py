"""Pages that delete a target, list what was deleted, and bring it back."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.views import View
from django.views.generic import DetailView, ListView

from tom_targets import conf, selectors, trash
from tom_targets.models import Target
from tom_targets.views.mixins import LoginMixin, TargetActionMixin


class TargetDeleteView(TargetActionMixin, DetailView):
    """Asks once, then moves a target to the trash."""

    model = Target
    template_name = "tom_targets/target_confirm_delete.html"
    context_object_name = "target"
    target_action = "delete_target"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            going=trash.what_goes_with(self.target), days=conf.trash_days(), **kwargs
        )

    def post(self, request, *args, **kwargs):
        name = self.target.name
        try:
            trash.move_to_trash(self.target, user=request.user)
        except ProtectedError as error:
            kinds = sorted({str(found._meta.verbose_name_plural) for found in error.protected_objects})
            messages.error(request, f"{name} was not deleted: {', '.join(kinds)} of a plugin need it.")
            return redirect("targets:detail", pk=kwargs["pk"])
        except Target.DoesNotExist:
            messages.info(request, f"{name} was deleted by somebody else meanwhile.")
            return redirect("targets:list")
        trash.purge_expired()
        messages.success(
            request,
            format_html(
                'Target {} was deleted. <a href="{}">Undo</a> within {} days.',
                name,
                reverse("targets:trash"),
                conf.trash_days(),
            ),
        )
        return redirect("targets:list")


class TrashView(LoginMixin, ListView):
    """The deleted targets that one may bring back, newest first."""

    template_name = "tom_targets/trash.html"
    paginate_by = 50
    context_object_name = "trashed"

    def get_queryset(self):
        return selectors.restorable_targets(self.request.user)

    def get_context_data(self, **kwargs):
        return super().get_context_data(days=conf.trash_days(), **kwargs)


class TargetRestoreView(LoginMixin, View):
    """Brings a deleted target back."""

    http_method_names = ["post"]

    def post(self, request, pk):
        trashed = selectors.restorable_targets(request.user).filter(pk=pk).first()
        if trashed is None:
            raise Http404("There is no such deleted target, or it is not yours to bring back.")
        try:
            restored = trash.restore(trashed)
        except trash.RestoreClashError as error:
            messages.error(request, str(error))
            return redirect("targets:trash")
        messages.success(request, f"{restored.target.name} is back with all that hung on it.")
        if restored.left_out:
            parts = ", ".join(f"{count} {kind}" for kind, count in restored.left_out.items())
            messages.warning(request, f"What these need was deleted since, so they stay away: {parts}.")
        if selectors.visible_targets(request.user).filter(pk=restored.target.pk).exists():
            return redirect(restored.target.get_absolute_url())
        return redirect("targets:trash")
