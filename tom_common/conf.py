"""Settings that tom_common reads, each with its default. Nothing is read while a module is being imported."""

from pathlib import Path
from typing import Any

from django.conf import settings

MAX_EXACT_COUNT = 10_000
BACKGROUND_MODES = ("auto", "dramatiq", "thread", "inline")


def setting(name: str, default: Any = None) -> Any:
    """Return the value of a setting at this moment, or its default where the project does not give it."""
    return getattr(settings, name, default)


def tom_name() -> str:
    """Name of this TOM, as the pages show it."""
    return setting("TOM_NAME", "TOM Toolkit") or "TOM Toolkit"


def site_url() -> str:
    """Address of this TOM (``https://tom.example.org``) for links in mails; empty where nobody said it.

    ``TOM_URL``; without it, the first of ``CSRF_TRUSTED_ORIGINS`` that is no pattern.
    """
    origins = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin]
    return (setting("TOM_URL", "") or next(iter(origins), "")).rstrip("/")


def hooks() -> dict[str, str]:
    """Dotted paths of the functions to call at an event, by the name of the event."""
    return setting("HOOKS") or {}


def auth_strategy() -> str:
    """``READ_ONLY`` (anonymous visitors see what is open) or ``LOCKED`` (they see the login page only)."""
    return setting("AUTH_STRATEGY", "READ_ONLY")


def open_urls() -> list[str]:
    """Patterns (fnmatch) of the paths that a locked TOM shows to anonymous visitors."""
    return list(setting("OPEN_URLS") or [])


def metrics_token() -> str:
    """What a program that reads the figures at ``/metrics`` has to show; empty: only staff reads them."""
    return str(setting("TOM_METRICS_TOKEN", "") or "")


def account_requirements() -> list[str]:
    """Dotted paths of the functions that say where a logged-in user has to go first."""
    return list(setting("TOM_ACCOUNT_REQUIREMENTS") or [])


def general_search_functions() -> dict[str, str]:
    """Dotted paths of the project's own search functions, by ``app_label.ModelName``."""
    return setting("GENERAL_SEARCH_FUNCTIONS") or {}


def hints_enabled() -> bool:
    """Whether the pages show hints to the people who build this TOM."""
    return bool(setting("HINTS_ENABLED", False))


def hint_level() -> int:
    """Level of the messages that carry hints."""
    return int(setting("HINT_LEVEL", 20))


def robots_txt_path() -> Path | None:
    """File to serve as robots.txt, or None for the built-in text."""
    path = setting("ROBOTS_TXT_PATH")
    return Path(path) if path else None


def background_mode() -> str:
    """How background tasks run: one of `BACKGROUND_MODES`; ``tom_common.background`` resolves ``auto``."""
    return setting("TOM_BACKGROUND", "auto")


def job_keep_days() -> int:
    """Days for which a finished job is listed; the rows go afterwards."""
    return int(setting("TOM_JOB_KEEP_DAYS", 90))


def stop_grace_s() -> float:
    """Seconds that running jobs are given when their process is asked to end; then they go to the queue."""
    return float(setting("TOM_STOP_GRACE_S", 20))


def interactive_threads() -> int:
    """How many interactive jobs a process runs at once without a queue server; at least 2."""
    return max(2, int(setting("TOM_INTERACTIVE_THREADS", 6)))


def periodic_tasks() -> dict[str, Any]:
    """Periodic work of the project, by name; see ``tom_common.scheduler``."""
    return setting("TOM_PERIODIC_TASKS") or {}


def records_services() -> bool:
    """Whether it is remembered how outside services answer."""
    return bool(setting("TOM_RECORD_SERVICES", True))


def breaker_failures() -> int:
    """Failures in a row after which an outside service is not asked for a while; 0: it is always asked."""
    return int(setting("TOM_BREAKER_FAILURES", 5))


def breaker_wait_s() -> float:
    """Seconds for which it is not asked at first."""
    return float(setting("TOM_BREAKER_WAIT_S", 60))


def proxy_count() -> int:
    """Number of proxies of ours in front of the TOM, each adding an entry to ``X-Forwarded-For``."""
    return int(setting("TOM_PROXY_COUNT", 0))


def comments_enabled() -> bool:
    """Whether people may comment on targets, and comments are shown."""
    return bool(setting("COMMENTS_ENABLED", True))


def registration_strategy() -> str | None:
    """How visitors get accounts: ``open``, ``approval_required``, or None (staff makes them)."""
    return setting("TOM_REGISTRATION_STRATEGY") or None


def api_max_body() -> int:
    """Bytes of JSON that one request to the REST API may carry."""
    return int(setting("TOM_API_MAX_BODY", 50 * 1024 * 1024))
