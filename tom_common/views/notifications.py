"""The list of a user's news."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import TemplateView, View

from tom_common.keyset import count_rows, keyset_page, pager
from tom_common.notifications import mark_read, notifications_for_user, unread_count

PAGE_SIZE = 50


class NotificationListView(LoginRequiredMixin, TemplateView):
    template_name = "tom_common/notifications/notification_list.html"

    def get_context_data(self, **kwargs):
        rows = notifications_for_user(self.request.user)
        page = keyset_page(
            rows, sort="-pk", page_size=PAGE_SIZE, cursor=self.request.GET.get("cursor") or None
        )
        return super().get_context_data(
            notifications=page.items,
            unread=unread_count(self.request.user),
            **pager(self.request, page, count_rows(rows), "notifications"),
            **kwargs,
        )


class NotificationsReadView(LoginRequiredMixin, View):
    """Mark everything as read."""

    http_method_names = ("post",)

    def post(self, request):
        mark_read(request.user)
        return HttpResponseRedirect(reverse("notification-list"))


class NotificationOpenView(LoginRequiredMixin, View):
    """Mark one line as read and go where it leads."""

    http_method_names = ("post",)

    def post(self, request, pk):
        notification = get_object_or_404(notifications_for_user(request.user), pk=pk)
        mark_read(request.user, notification.pk)
        url = notification.url
        if not url_has_allowed_host_and_scheme(url, allowed_hosts=None):
            url = reverse("notification-list")
        return HttpResponseRedirect(url)
