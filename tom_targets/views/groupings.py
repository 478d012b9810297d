"""Pages of target lists (called groupings in addresses and by plugins), and what puts targets on them."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views import View
from django.views.generic import DetailView, FormView, TemplateView

from tom_common.request_facts import own_address
from tom_targets import groups, list_state, selectors, services
from tom_targets.forms import TargetListForm
from tom_targets.models import TargetList
from tom_targets.permissions import target_lists_for_user
from tom_targets.views.mixins import LoginMixin


class TargetGroupingView(LoginMixin, TemplateView):
    """The target lists that one may see."""

    template_name = "tom_targets/target_grouping.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(lists=selectors.lists_with_counts(self.request.user), **kwargs)


class TargetGroupingCreateView(LoginMixin, FormView):
    """Makes a target list; anybody who is logged in may."""

    template_name = "tom_targets/targetlist_form.html"
    form_class = TargetListForm

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}

    def form_valid(self, form):
        made = services.create_list(form, user=self.request.user)
        messages.success(self.request, f"The list {made.name} was made. Tick targets to put them on it.")
        return redirect("targets:targetgrouping")


class TargetGroupingDeleteView(LoginMixin, DetailView):
    """Asks once, then deletes a list; its targets stay."""

    template_name = "tom_targets/targetlist_confirm_delete.html"
    model = TargetList

    def get_queryset(self):
        return target_lists_for_user(self.request.user, TargetList.objects.all())

    def get_object(self, queryset=None):
        found = super().get_object(queryset)
        if not target_lists_for_user(
            self.request.user, TargetList.objects.filter(pk=found.pk), "delete_targetlist"
        ).exists():
            self.refuse(self.request, "You may see this list, but not delete it.")
        return found

    def post(self, request, *args, **kwargs):
        found = self.get_object()
        name = found.name
        found.delete()
        messages.success(request, f"The list {name} was deleted; its targets are untouched.")
        return redirect("targets:targetgrouping")


class TargetAddRemoveGroupingView(LoginMixin, View):
    """Puts selected targets on a list, takes them off, or moves them there from all others."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        data = request.POST
        grouping = self.get_grouping(data.get("grouping", ""))
        verb = next((name for name in ("add", "remove", "move") if name in data), None)
        if grouping is None:
            messages.error(request, "Choose a list that you may change.")
        elif verb is None:
            raise Http404("Nothing to do: expected add, remove or move.")
        elif data.get("isSelectAll") == "True":
            act = {
                "add": groups.add_all_to_grouping,
                "remove": groups.remove_all_from_grouping,
                "move": groups.move_all_to_grouping,
            }[verb]
            act(data.get("query_string", ""), grouping, request)
        else:
            act = {
                "add": groups.add_selected_to_grouping,
                "remove": groups.remove_selected_from_grouping,
                "move": groups.move_selected_to_grouping,
            }[verb]
            act(data.getlist("selected-target"), grouping, request)
        return redirect(self.get_back_url())

    def get_grouping(self, key):
        if not key.isdecimal() or len(key) > 18:
            return None
        changeable = target_lists_for_user(self.request.user, TargetList.objects.all(), "change_targetlist")
        return changeable.filter(pk=int(key)).first()

    def get_back_url(self):
        if back := own_address(self.request, self.request.POST.get("next", "")):
            return back
        query = self.request.POST.get("query_string", "").lstrip("?")
        return f"{list_state.list_url()}?{query}" if query else list_state.list_url()
