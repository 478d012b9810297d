"""Tells a load balancer or a container engine whether this process can serve: ``/healthz``.

It answers before the host name, the session and ``AUTH_STRATEGY`` are looked at, since whoever asks has none
of them; it tells nothing but yes or no.
"""

from collections.abc import Callable

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

HEALTH_PATH = "/healthz"


class HealthCheckMiddleware:
    """Answer ``/healthz``: 200 while the database answers, else 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to a health check, or what the rest of the site answers."""
        if request.path_info != HEALTH_PATH:
            return self.get_response(request)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error:  # a connection that the server has ended is an InterfaceError, no DatabaseError
            return JsonResponse({"status": "no database"}, status=503)
        return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
