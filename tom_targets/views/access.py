"""Page that says who may see and edit a target."""

from __future__ import annotations

from django.contrib import messages
from django.shortcuts import redirect
from django.views.generic import FormView

from tom_targets import selectors, services
from tom_targets.forms import TargetAccessForm
from tom_targets.views.mixins import TargetActionMixin


class TargetAccessView(TargetActionMixin, FormView):
    """Visibility of a target, and what users and groups may do with it."""

    template_name = "tom_targets/target_access.html"
    form_class = TargetAccessForm
    target_action = "change_target"

    def get_form_kwargs(self):
        kwargs = super().get_form_kwargs()
        kwargs.pop("initial")
        return {**kwargs, "target": self.target, "user": self.request.user}

    def get_context_data(self, **kwargs):
        return super().get_context_data(target=self.target, **kwargs)

    def form_valid(self, form):
        services.set_access(
            self.target, permissions=form.cleaned_data["permissions"], changes=list(form.changes())
        )
        messages.success(self.request, f"Who may see and edit {self.target.name} was saved.")
        if selectors.visible_targets(self.request.user).filter(pk=self.target.pk).exists():
            return redirect(self.target.get_absolute_url())
        return redirect("targets:list")
