"""Mixins that views use to say who may open them."""

from django.contrib.auth.mixins import UserPassesTestMixin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponseBase
from guardian.mixins import PermissionRequiredMixin


class SuperuserRequiredMixin(UserPassesTestMixin):
    """Let superusers in; send everybody else to the login page."""

    def test_func(self) -> bool:
        """Whether the user is a superuser."""
        return self.request.user.is_superuser

    def handle_no_permission(self) -> HttpResponseBase:
        """Redirect to the login page, for a logged-in user too: another account may be meant."""
        return redirect_to_login(
            self.request.get_full_path(), self.get_login_url(), self.get_redirect_field_name()
        )


class Raise403PermissionRequiredMixin(PermissionRequiredMixin):
    """Ask guardian for a permission and answer a refusal with status 403, not with a redirect."""

    return_403 = True
