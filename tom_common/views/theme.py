"""The choice of a theme: in the profile, so that it holds wherever the user logs in, and in the cookie."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import View

from tom_common.models import Profile
from tom_common.people import profile_of

_YEAR_S = 365 * 86400


def set_theme_cookie(response, theme):
    """Let a choice hold on this device; the cookie is what the pages read."""
    if theme:
        response.set_cookie("theme", theme, max_age=_YEAR_S, samesite="Lax")
    else:
        response.delete_cookie("theme", samesite="Lax")


class ThemeView(LoginRequiredMixin, View):
    """Keeps the choice of the menu: a script asks for no page, a form goes back to its own."""

    http_method_names = ["post", "options"]

    def post(self, request):
        theme = request.POST.get("theme", "")
        if theme not in Profile.Theme.values:
            known = ", ".join(repr(value) for value in Profile.Theme.values)
            return HttpResponseBadRequest(
                f"There is no theme {theme!r}; there are {known}.", content_type="text/plain; charset=utf-8"
            )
        profile = profile_of(request.user)
        if profile.theme != theme:
            profile.theme = theme
            profile.save(update_fields=["theme"])
        response = redirect(self._page_of_form()) if "next" in request.POST else HttpResponse(status=204)
        set_theme_cookie(response, theme)
        return response

    def _page_of_form(self):
        page = self.request.POST["next"]
        is_ours = url_has_allowed_host_and_scheme(
            page, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )
        return page if is_ours else reverse("home")
