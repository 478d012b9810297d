"""A user's own page, and the token with which programs log in."""

from django.apps import apps
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import TemplateView

from tom_common.people import may_manage, profile_of, real_users


class UserProfileView(LoginRequiredMixin, TemplateView):
    template_name = "tom_common/user_profile.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(user=user, profile=profile_of(user), **kwargs)


class RegenerateAPITokenView(LoginRequiredMixin, TemplateView):
    """Asks, then gives a user a new token by POST; programs with the old one are locked out at once."""

    template_name = "auth/regenerate_token.html"

    def dispatch(self, request, *args, **kwargs):
        if not apps.is_installed("rest_framework.authtoken"):
            raise Http404
        if request.user.is_authenticated:
            is_own = request.user.pk == kwargs["pk"]
            if not is_own and not request.user.has_perm("auth.change_user"):
                raise PermissionDenied  # before the look-up: they learn nothing about which accounts exist
            self.owner = get_object_or_404(real_users(), pk=kwargs["pk"])
            if not is_own and not may_manage(request.user, "change", self.owner):
                raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(owner=self.owner, **kwargs)

    def post(self, request, *args, **kwargs):
        from rest_framework.authtoken.models import Token

        with transaction.atomic():
            Token.objects.filter(user=self.owner).delete()
            Token.objects.create(user=self.owner)
        if self.owner == request.user:
            messages.success(request, "You have a new API token. Put it into your programs.")
            return redirect("user-profile")
        messages.success(request, f"{self.owner.get_username()} has a new API token; only they can read it.")
        return redirect("user-list")
