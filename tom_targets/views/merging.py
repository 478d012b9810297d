"""Page that makes one target of several: what differs is chosen, what moves is shown beforehand."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.generic import FormView

from tom_targets import list_state
from tom_targets.forms.merge import TargetMergeForm
from tom_targets.merge import MAX_MERGED, MergeError, merge_targets, what_moves
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user
from tom_targets.sparklines import sparklines_for
from tom_targets.views.bulk import came_from
from tom_targets.views.mixins import LoginMixin


class TargetMergeView(LoginMixin, FormView):
    """Two targets by their keys in the address, or those ticked in a list.

    Who merges has to be allowed to change the target that stays, and to delete the others.
    """

    template_name = "tom_targets/target_merge.html"
    form_class = TargetMergeForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            self.targets = list(self.selection().order_by("created", "pk")[: MAX_MERGED + 1])
        return super().dispatch(request, *args, **kwargs)

    def selection(self):
        """Return the targets meant, of those that one may see."""
        user = self.request.user
        if "pk1" in self.kwargs:
            pks = [self.kwargs["pk1"], self.kwargs["pk2"]]
            found = targets_for_user(user, Target.objects.filter(pk__in=pks), "view_target")
            if found.count() < 2:
                raise Http404("There are no two such targets, or you may not see them.")
            return found
        data = self.request.POST or self.request.GET
        return list_state.selected_targets(
            user,
            "view_target",
            ids=data.getlist("selected-target"),
            everything=data.get("isSelectAll") == "True",
            query_string=data.get("query_string", ""),
            request=self.request,
        )

    def get(self, request, *args, **kwargs):
        if refused := self.refused():
            messages.error(request, refused)
            return redirect(came_from(request))
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        if refused := self.refused():
            messages.error(request, refused)
            return redirect(came_from(request))
        if "confirmed" not in request.POST:
            return self.render_to_response(self.get_context_data(form=self.unbound_form()))
        return super().post(request, *args, **kwargs)

    def refused(self):
        """Return why these cannot be merged, or nothing."""
        if len(self.targets) < 2:
            return "Tick at least two targets to merge them."
        if len(self.targets) > MAX_MERGED:
            return f"At most {MAX_MERGED} targets can be merged at once. Tick fewer."
        changeable, deletable = self.allowed("change_target"), self.allowed("delete_target")
        lacking = [
            target for target in self.targets if target.pk not in deletable and target.pk not in changeable
        ]
        if lacking or len(deletable) < len(self.targets) - 1:
            names = ", ".join(target.name for target in self.targets if target.pk not in deletable)
            return f"You may not merge these: of {names} you lack the right to change or to delete."
        return ""

    def allowed(self, action):
        """Return the keys of the targets with which one may do something."""
        pks = [target.pk for target in self.targets]
        rows = targets_for_user(self.request.user, Target.objects.filter(pk__in=pks), action)
        return set(rows.values_list("pk", flat=True))

    def unbound_form(self):
        return self.form_class(targets=self.targets)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "targets": self.targets}

    def get_context_data(self, **kwargs):
        levels = {target.permissions for target in self.targets}
        curves = sparklines_for(target.pk for target in self.targets)
        for target in self.targets:
            target.curve = curves.get(target.pk, "")
        return super().get_context_data(
            targets=self.targets,
            moving=what_moves(self.targets[0], self.targets[1:]),
            levels_differ=len(levels) > 1,
            back_url=came_from(self.request),
            **kwargs,
        )

    def form_valid(self, form):
        primary, others = form.primary_and_others()
        deletable = self.allowed("delete_target")
        if primary.pk not in self.allowed("change_target"):
            form.add_error("primary", f"You may not change {primary.name}.")
        elif kept := [other.name for other in others if other.pk not in deletable]:
            form.add_error("primary", f"You may not delete {', '.join(kept)}; let that one stay.")
        if form.errors:
            return self.form_invalid(form)
        try:
            merged = merge_targets(
                primary,
                others,
                chosen=form.chosen(),
                user=self.request.user,
                reason=form.cleaned_data["reason"],
            )
        except MergeError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        moved = sum(merged.moved.values())
        names = ", ".join(other.name for other in others)
        messages.success(
            self.request, f"{names} merged into {merged.target.name}; {moved:,} rows moved with it."
        )
        return redirect(merged.target.get_absolute_url())
