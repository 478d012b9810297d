"""The pages on which a group is made, edited and deleted."""

from django.contrib import messages
from django.contrib.auth.mixins import UserPassesTestMixin
from django.contrib.auth.models import Group
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse_lazy
from django.views.generic import CreateView, DeleteView, UpdateView

from tom_common import people
from tom_common.forms import GroupForm


class GroupCreateView(UserPassesTestMixin, CreateView):
    model = Group
    form_class = GroupForm
    template_name = "auth/group_form.html"
    success_url = reverse_lazy("user-list")

    def test_func(self):
        return self.request.user.has_perm("auth.add_group")

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "manager": self.request.user}

    def form_valid(self, form):
        group = form.save()
        messages.success(self.request, f"The group {group.name} is made.")
        return HttpResponseRedirect(self.success_url)


class ManagedGroupMixin(UserPassesTestMixin):
    """Finds the group of the address and asks whether the user may manage it."""

    action = "change"
    success_url = reverse_lazy("user-list")

    def get_object(self, queryset=None):
        if not hasattr(self, "_group"):
            self._group = get_object_or_404(Group, pk=self.kwargs["pk"])
        return self._group

    def test_func(self):
        user = self.request.user
        if not (user.is_authenticated and user.has_perm(f"auth.{self.action}_group")):
            return False
        return people.may_manage_group(user, self.action, self.get_object())


class GroupUpdateView(ManagedGroupMixin, UpdateView):
    form_class = GroupForm
    template_name = "auth/group_form.html"

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "manager": self.request.user}

    def get_context_data(self, **kwargs):
        may_delete = people.may_manage_group(self.request.user, "delete", self.object)
        stored = Group.objects.get(pk=self.object.pk)  # a refused form has written its values to self.object
        return super().get_context_data(stored=stored, may_delete=may_delete, **kwargs)

    def form_valid(self, form):
        group = form.save()
        messages.success(self.request, f"The group {group.name} is saved.")
        return HttpResponseRedirect(self.success_url)


class GroupDeleteView(ManagedGroupMixin, DeleteView):
    action = "delete"
    template_name = "auth/group_confirm_delete.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(member_count=self.object.user_set.count(), **kwargs)

    def form_valid(self, form):
        name = self.object.name
        self.object.delete()
        messages.success(self.request, f"The group {name} is deleted.")
        return HttpResponseRedirect(self.success_url)
