"""The list of users, and the pages on which an account is made, edited, approved and deleted."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.mixins import UserPassesTestMixin
from django.contrib.auth.models import Group
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.views.generic import CreateView, DeleteView, FormView, TemplateView, UpdateView

from tom_common import people
from tom_common.forms import ChangeUserPasswordForm, OwnAccountForm, UserCreateForm, UserUpdateForm
from tom_common.keyset import count_rows, keyset_page
from tom_common.views.theme import set_theme_cookie

_PAGE_SIZE = 25


class UserListView(UserPassesTestMixin, TemplateView):
    """Users by username, with a search; the groups; and who waits for approval."""

    template_name = "auth/user_list.html"

    def test_func(self):
        return people.may_see_users(self.request.user)

    def get_context_data(self, **kwargs):
        text = self.request.GET.get("query", "").strip()
        group = self._group()
        users = people.find_users(text, group)
        page = keyset_page(
            users, sort="username", page_size=_PAGE_SIZE, cursor=self.request.GET.get("cursor") or None
        )
        total = count_rows(users)
        return super().get_context_data(
            users=page.items,
            query=text,
            group=group,
            previous_url=self._page_url(page.previous_cursor),
            next_url=self._page_url(page.next_cursor),
            total_text=_count_in_words(total),
            may_add_user=self.request.user.has_perm("auth.add_user"),
            may_add_group=self.request.user.has_perm("auth.add_group"),
            **kwargs,
        )

    def _group(self):
        chosen = self.request.GET.get("group", "")
        # A number of thousands of digits is none for int().
        return get_object_or_404(Group, pk=chosen) if chosen.isdecimal() and len(chosen) < 19 else None

    def _page_url(self, cursor):
        if cursor is None:
            return ""
        parameters = self.request.GET.copy()
        parameters["cursor"] = cursor
        return f"?{parameters.urlencode()}"


class UserCreateView(UserPassesTestMixin, CreateView):
    form_class = UserCreateForm
    template_name = "auth/user_form.html"
    success_url = reverse_lazy("user-list")
    extra_context = {"heading": "Add a user", "submit": "Add user", "cancel_url": reverse_lazy("user-list")}

    def test_func(self):
        return self.request.user.has_perm("auth.add_user")

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "manager": self.request.user}

    def form_valid(self, form):
        self.object = form.save()
        messages.success(self.request, f"The account {self.object.get_username()} is made.")
        return HttpResponseRedirect(self.get_success_url())


class ManagedUserMixin(UserPassesTestMixin):
    """Finds the account of the address and asks whether the user may manage it."""

    action = "change"
    context_object_name = "managed"  # by default it would be "user", and take the place of who is logged in

    def managed_user(self):
        if not hasattr(self, "_managed_user"):
            self._managed_user = get_object_or_404(people.real_users(), pk=self.kwargs["pk"])
        return self._managed_user

    def get_object(self, queryset=None):
        return self.managed_user()

    def test_func(self):
        user = self.request.user
        if not user.is_authenticated:
            return False
        if not user.has_perm(f"auth.{self.action}_user"):
            return False  # before the look-up: who may not manage accounts learns nothing about which exist
        return people.may_manage(user, self.action, self.managed_user())


class UserUpdateView(ManagedUserMixin, UpdateView):
    """Managers edit any account that does not outrank them; everybody edits their own name and site."""

    template_name = "auth/user_form.html"

    def test_func(self):
        return self._is_own() or super().test_func()

    def _is_own(self):
        return self.request.user.is_authenticated and self.request.user.pk == self.kwargs["pk"]

    def _manages(self):
        return self.request.user.has_perm("auth.change_user")

    def get_form_class(self):
        return UserUpdateForm if self._manages() else OwnAccountForm

    def get_form_kwargs(self):
        kwargs = super().get_form_kwargs()
        return {**kwargs, "manager": self.request.user} if self._manages() else kwargs

    def get_success_url(self):
        return reverse("user-profile" if self._is_own() else "user-list")

    def form_valid(self, form):
        user = form.save()
        messages.success(
            self.request, "Your profile is saved." if self._is_own() else f"{user.get_username()} is saved."
        )
        response = HttpResponseRedirect(self.get_success_url())
        if self._is_own():
            set_theme_cookie(response, people.profile_of(user).theme)
        return response

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            heading="Edit your profile" if self._is_own() else f"Edit {self._stored_name()}",
            submit="Save profile" if self._is_own() else "Save user",
            cancel_url=self.get_success_url(),
            may_delete=people.may_manage(self.request.user, "delete", self.object),
            may_set_password=people.may_manage(self.request.user, "change", self.object),
            is_own=self._is_own(),
            **kwargs,
        )

    def _stored_name(self):
        # Not that of self.object: a refused form has written its values there.
        return people.real_users().get(pk=self.object.pk).get_username()


class UserDeleteView(ManagedUserMixin, DeleteView):
    action = "delete"
    template_name = "auth/user_confirm_delete.html"
    success_url = reverse_lazy("user-list")

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            goes_with=people.what_goes_with(self.object),
            is_last_superuser=people.is_last_superuser(self.object),
            **kwargs,
        )

    def form_valid(self, form):
        if people.is_last_superuser(self.object):
            messages.error(self.request, "This is the last superuser; make another one first.")
            return HttpResponseRedirect(self.success_url)
        name = self.object.get_username()
        self.object.delete()
        messages.success(self.request, f"The account {name} is deleted.")
        return HttpResponseRedirect(self.success_url)


class UserApproveView(ManagedUserMixin, TemplateView):
    """Shows an account that waits, and activates it by POST."""

    template_name = "auth/user_approve.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(managed=self.managed_user(), **kwargs)

    def get(self, request, *args, **kwargs):
        if self.managed_user().is_active:
            raise Http404
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        user = self.managed_user()
        if not user.is_active:
            user.is_active = True
            user.save(update_fields=["is_active"])
            messages.success(request, f"{user.get_username()} may log in now.")
        return HttpResponseRedirect(reverse("user-list"))


class UserPasswordChangeView(ManagedUserMixin, FormView):
    """A manager sets somebody's password without knowing the old one."""

    form_class = ChangeUserPasswordForm
    template_name = "auth/user_form.html"
    success_url = reverse_lazy("user-list")

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.managed_user()}

    def form_valid(self, form):
        user = form.save()
        if user == self.request.user:
            update_session_auth_hash(self.request, user)
        messages.success(self.request, f"{user.get_username()} has a new password.")
        return super().form_valid(form)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            heading=f"Set the password of {self.managed_user().get_username()}",
            submit="Set password",
            cancel_url=self.success_url,
            **kwargs,
        )


def _count_in_words(total):
    about = "about " if total.is_estimate else ""
    return f"{about}{total.value} {'user' if total.value == 1 else 'users'}"
