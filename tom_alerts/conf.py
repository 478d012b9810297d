"""Settings that tom_alerts reads, each with its default; read at use."""

from django.conf import settings


def webhook_hosts() -> list[str]:
    """Hosts (with their port, if it is not the usual one) that filters may send to: ``TOM_WEBHOOK_HOSTS``."""
    return [str(host).lower() for host in getattr(settings, "TOM_WEBHOOK_HOSTS", None) or []]


def news_per_day() -> int:
    """How often a day a user is told of candidates, by list and mail: ``TOM_FILTER_NEWS_PER_DAY``."""
    return int(getattr(settings, "TOM_FILTER_NEWS_PER_DAY", 100))


def defer_hours() -> float:
    """Hours after which a deferred candidate returns to the queue: ``TOM_TRIAGE_DEFER_HOURS``."""
    return float(getattr(settings, "TOM_TRIAGE_DEFER_HOURS", 20))


def alerts_kept_days() -> float:
    """Days after which the alert that came last for a candidate is forgotten: ``TOM_CANDIDATE_KEPT_DAYS``."""
    return float(getattr(settings, "TOM_CANDIDATE_KEPT_DAYS", 30))


def reject_reasons() -> list[str]:
    """Reasons for which candidates are rejected, offered by number: ``TOM_TRIAGE_REASONS``."""
    found = getattr(settings, "TOM_TRIAGE_REASONS", None)
    return list(found or ("Artefact", "Moving object", "Variable star", "AGN", "Known already", "Too faint"))
