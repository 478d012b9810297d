"""What views of targets share: who may open them."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from tom_targets.permissions import may_create_targets
from tom_targets.selectors import target_or_404


class RefusedMixin:
    """Answers a refusal: the login page for an anonymous visitor, status 403 for everybody else."""

    def refuse(self, request: HttpRequest, text: str) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise PermissionDenied(text)


class TargetActionMixin(RefusedMixin):
    """A view of one target with which the user has to be allowed to do something.

    Whoever may not even see the target gets status 404.
    """

    target_action = "change_target"

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        self.target, allowed = target_or_404(request.user, kwargs["pk"], self.target_action)
        if not allowed:
            return self.refuse(request, "You may see this target, but not do this with it.")
        return super().dispatch(request, *args, **kwargs)

    def get_object(self, queryset=None):
        return self.target


class LoginMixin(RefusedMixin):
    """A view for logged-in users."""

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.refuse(request, "Log in first.")
        return super().dispatch(request, *args, **kwargs)


class MayCreateMixin(RefusedMixin):
    """A view for those who may create targets."""

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        if not may_create_targets(request.user):
            return self.refuse(request, "You may not add targets.")
        return super().dispatch(request, *args, **kwargs)
