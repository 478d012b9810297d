"""How long somebody who typed wrong passwords has to wait, counted for one account from one address.

Nobody else is kept out: the same account from another address, and another account from the same address, are
free.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from tom_common import conf
from tom_common.models import FailedLogin

FREE_ATTEMPTS = 5
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 900
FORGOTTEN_AFTER = timedelta(days=1)


def client_address(request: HttpRequest) -> str:
    """Return the address of the client; behind proxies that we trust, the one that they report.

    The setting ``TOM_PROXY_COUNT`` says how many proxies of ours stand in front; each adds one entry at the
    end of ``X-Forwarded-For``, and what stands further left was written by the client and is not believed.
    """
    proxies = conf.proxy_count()
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies]
    return request.META.get("REMOTE_ADDR", "")


def wait_seconds(username: str, address: str) -> int:
    """Return for how many seconds an account may not log in from an address; 0 if it may."""
    row = _row(username, address)
    if row is None or row.failures < FREE_ATTEMPTS:
        return 0
    wait = min(FIRST_WAIT_S * 2 ** min(row.failures - FREE_ATTEMPTS, 10), LONGEST_WAIT_S)
    passed = (timezone.now() - row.last_failure_at).total_seconds()
    return max(0, int(wait - passed + 0.999))


def note_failure(username: str, address: str) -> None:
    """Count one wrong password. One that came during the wait was not looked at and does not count."""
    if wait_seconds(username, address):
        return
    now = timezone.now()
    FailedLogin.objects.filter(last_failure_at__lt=now - FORGOTTEN_AFTER).delete()
    key = _key(username, address)
    rows = FailedLogin.objects.filter(key=key)
    if rows.update(failures=F("failures") + 1, last_failure_at=now):
        return
    try:
        with transaction.atomic():
            FailedLogin.objects.create(key=key, failures=1, last_failure_at=now)
    except IntegrityError:  # a request beside this one was first
        rows.update(failures=F("failures") + 1, last_failure_at=now)


def forget(username: str, address: str) -> None:
    """Drop the count of an account at an address."""
    FailedLogin.objects.filter(key=_key(username, address)).delete()


def _row(username: str, address: str) -> FailedLogin | None:
    since = timezone.now() - FORGOTTEN_AFTER
    return FailedLogin.objects.filter(key=_key(username, address), last_failure_at__gte=since).first()


def _key(username: str, address: str) -> str:
    """Return what stands for account and address in the table; people type passwords into the name field."""
    text = f"{username.strip().casefold()}\0{_network(address)}"
    return salted_hmac("tom_common.login_throttle", text, algorithm="sha256").hexdigest()


def _network(address: str) -> str:
    """Return an IPv4 address as it is and the /64 of an IPv6 address, which one person has whole."""
    try:
        parsed: Any = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed.ipv4_mapped if parsed.version == 6 else parsed)
