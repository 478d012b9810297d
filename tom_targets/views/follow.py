"""Stars and status words, on one target and on a selection."""

from __future__ import annotations

from django.contrib import messages
from django.shortcuts import redirect
from django.views import View

from tom_targets import follow, list_state
from tom_targets.formats import count_text
from tom_targets.models import Target
from tom_targets.views.bulk import came_from
from tom_targets.views.mixins import LoginMixin, TargetActionMixin


class _OneTargetMixin(LoginMixin, TargetActionMixin):
    http_method_names = ["post"]
    target_action = "view_target"

    @property
    def rows(self):
        return Target.objects.filter(pk=self.target.pk)


class TargetFavouriteView(_OneTargetMixin, View):
    """Marks a target with one's star, or takes it off."""

    def post(self, request, pk):
        follow.set_favourite(self.rows, request.user, is_favourite=request.POST.get("on") == "1")
        return redirect(self.target.get_absolute_url())


class TargetStatusView(_OneTargetMixin, View):
    """Says what one of one's teams does with a target."""

    def post(self, request, pk):
        set_status(request, self.rows)
        return redirect(self.target.get_absolute_url())


class _SelectionView(LoginMixin, View):
    http_method_names = ["post"]

    def post(self, request):
        data = request.POST
        targets = list_state.selected_targets(
            request.user,
            "view_target",
            ids=data.getlist("selected-target"),
            everything=data.get("isSelectAll") == "True",
            query_string=data.get("query_string", ""),
            request=request,
        )
        self.act(request, targets)
        return redirect(came_from(request))


class BulkStatusView(_SelectionView):
    """Says what a team does with the selected targets."""

    def act(self, request, targets):
        count = set_status(request, targets)
        if count:
            word = request.POST.get("word", "")
            said = f"now {word}" if word else "without a status now"
            messages.success(request, f"{count_text(count, False)} {said}.")
        elif count == 0:
            messages.warning(request, "No target was selected.")


class BulkFavouriteView(_SelectionView):
    """Marks the selected targets with one's star, or takes it off."""

    def act(self, request, targets):
        is_favourite = request.POST.get("star", "1") == "1"
        count = follow.set_favourite(targets, request.user, is_favourite=is_favourite)
        if count:
            said = "among your favourites now" if is_favourite else "no longer among your favourites"
            messages.success(request, f"{count_text(count, False)} {said}.")
        else:
            messages.warning(request, "No target was selected.")


def set_status(request, targets):
    """Set the word that a form names; return how many targets there are, None where nothing was done."""
    team = request.POST.get("team", "")
    teams = follow.teams_of(request.user)
    found = teams.filter(pk=int(team)).first() if team.isdecimal() and len(team) < 10 else None
    if found is None:
        messages.error(request, "Choose one of your teams.")
        return None
    try:
        return follow.set_status(targets, found, request.POST.get("word", ""), user=request.user)
    except ValueError as error:
        messages.error(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return None
