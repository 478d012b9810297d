"""Figures for Prometheus, for whoever shows the token of the TOM, and for staff."""

from django.http import HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.generic import View

from tom_common import conf
from tom_common.metrics import CONTENT_TYPE, all_metrics, rendered


class MetricsView(View):
    """``Authorization: Bearer TOKEN`` with the setting ``TOM_METRICS_TOKEN``, or a session of staff."""

    http_method_names = ("get", "head")

    def get(self, request):
        if not self._is_allowed(request):
            text = "For staff, or with the header Authorization: Bearer and the TOM_METRICS_TOKEN.\n"
            answer = HttpResponse(text, status=401, content_type="text/plain; charset=utf-8")
            answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
        else:
            answer = HttpResponse(rendered(all_metrics()), content_type=CONTENT_TYPE)
        answer["Cache-Control"] = "no-store"
        return answer

    def _is_allowed(self, request):
        user = request.user
        if user.is_authenticated and user.is_active and (user.is_staff or user.is_superuser):
            return True
        token = conf.metrics_token()
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return bool(token) and scheme.lower() == "bearer" and constant_time_compare(given.strip(), token)
