"""The page that tells how the streams do."""

from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.utils import timezone
from django.views.generic import TemplateView

from tom_alertstreams.permissions import may_handle_dead_letters, may_see_streams
from tom_alertstreams.selectors import streams


class StreamListView(LoginRequiredMixin, UserPassesTestMixin, TemplateView):
    """Each stream with its state, lag, rate and topics; fetched again every five seconds."""

    template_name = "tom_alertstreams/streams.html"

    def test_func(self):
        return may_see_streams(self.request.user)

    def get_context_data(self, **kwargs):
        now = timezone.now()
        found = streams(now)
        return super().get_context_data(
            streams=found,
            now=now,
            may_see_letters=may_handle_dead_letters(self.request.user),
            **kwargs,
        )
