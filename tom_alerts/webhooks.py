"""New candidates to another program: JSON by POST, signed, to hosts that the settings name."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import urlsplit

from django.utils import timezone

from tom_alerts import conf
from tom_alerts.candidate_targets import CandidateError
from tom_alerts.filter_models import Candidate
from tom_common.remote import RemoteService

SIGNATURE = "X-TOM-Signature"
_READ_TIMEOUT_S = 10.0
_TOKEN_LENGTH = 8  # parts of a path as long as that may be what lets anybody send


def why_refused(url: str) -> str:
    """Return why nothing is sent to an address; empty if it may be."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "expected an address that begins with https://"
    allowed = conf.webhook_hosts()
    if parts.netloc.rpartition("@")[2].lower() not in allowed:
        named = f"; it allows {', '.join(allowed)}" if allowed else "; it allows none so far"
        return f"this TOM sends nothing to {parts.hostname} (setting TOM_WEBHOOK_HOSTS{named})"
    return ""


def host_of(url: str) -> str:
    """Return an address without what lets anybody send to it: path and query may be a token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/" if url else ""


def content_of(candidate: Candidate) -> bytes:
    """Return what is sent about a candidate; ``delivery`` is the same however often it is sent."""
    told = {
        "delivery": f"candidate-{candidate.pk}",
        "sent": timezone.now().isoformat(timespec="seconds"),
        "filter": {"id": candidate.alert_filter_id, "name": candidate.alert_filter.name},
        "candidate": {
            "id": candidate.pk,
            "name": candidate.name,
            "survey": candidate.survey,
            "alert_id": candidate.alert_id,
            "ra_deg": candidate.ra,
            "dec_deg": candidate.dec,
            "mjd_utc": candidate.mjd,
            "target": candidate.target_id,
            "facts": candidate.facts,
        },
    }
    return json.dumps(told).encode()


def signature(secret: str, content: bytes) -> str:
    """Return the signature that a receiver compares: HMAC-SHA256 of the content, in hexadecimal."""
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def send(candidate: Candidate) -> None:
    """Send a candidate to the address of its filter.

    Raises
    ------
    CandidateError
        If the settings do not allow the address (any more), or the owner's account is closed.
    RemoteError
        If it was not taken.
    """
    one = candidate.alert_filter
    if not one.user.is_active:
        raise CandidateError(f"The account of {one.user}, whose filter this is, is closed.")
    refused = why_refused(one.webhook_url)
    if refused:
        raise CandidateError(f"{refused[:1].upper()}{refused[1:]}.")
    content = content_of(candidate)
    headers = {"Content-Type": "application/json"}
    if one.webhook_secret:
        headers[SIGNATURE] = signature(str(one.webhook_secret), content)
    parts = urlsplit(one.webhook_url)
    tokens = [part for part in parts.path.split("/") if len(part) >= _TOKEN_LENGTH]
    secrets = (one.webhook_secret, parts.query, parts.password, *tokens)
    service = RemoteService(
        f"The webhook of {one.name}",
        f"{parts.scheme}://{parts.netloc}",
        headers=headers,
        read_timeout_s=_READ_TIMEOUT_S,
        secrets=[str(secret) for secret in secrets if secret],
    )
    service.post_bytes(parts.path + (f"?{parts.query}" if parts.query else ""), content)
