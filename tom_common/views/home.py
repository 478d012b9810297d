"""The start page and the small pages beside it."""

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView

from tom_common import conf, contributions
from tom_common.models import Profile
from tom_common.people import profile_of
from tom_common.tonight import night_strip

_ONE_VISIT = timedelta(minutes=30)
_ROBOTS = "User-agent: *\nDisallow: /\n"


class HomeView(TemplateView):
    """Tonight: the night at the user's site, and the sections that the apps contribute."""

    template_name = "tom_common/index.html"

    def get_context_data(self, **kwargs):
        profile = profile_of(self.request.user) if self.request.user.is_authenticated else None
        if profile is not None:
            note_visit(self.request, profile)
        parts = [
            {"partial": part.partial, "context": context}
            for part in contributions.home_sections()
            if (context := contributions.part_context(part, self.request)) is not None
        ]
        return super().get_context_data(
            now=timezone.now(), strip=night_strip(profile, timezone.now()), sections=parts, **kwargs
        )


def note_visit(request, profile):
    """Set ``last_seen_home`` on the profile in memory to the end of the visit before, and keep this one.

    What was new at the first look stays new while the user comes and goes for half an hour; the sections read
    ``request.user.profile.last_seen_home``.
    """
    now = timezone.now()
    kept = request.session.get("home_visit")
    if kept and profile.last_seen_home and now - profile.last_seen_home < _ONE_VISIT:
        since = parse_datetime(kept) if kept != "first" else None
    else:
        since = profile.last_seen_home
        request.session["home_visit"] = since.isoformat() if since else "first"
    Profile.objects.filter(pk=profile.pk).update(last_seen_home=now)
    profile.last_seen_home = since


@method_decorator(login_not_required, name="dispatch")
class AboutView(TemplateView):
    template_name = "tom_common/about.html"


@login_not_required
def robots_txt(request):
    """Serve the file of ``ROBOTS_TXT_PATH``, or ask robots to stay away."""
    path = conf.robots_txt_path()
    text = path.read_text(encoding="utf-8") if path is not None and path.is_file() else _ROBOTS
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
