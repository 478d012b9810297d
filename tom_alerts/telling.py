"""News of new candidates: into the list of notifications and by mail, gathered, and not too often.

A mail is a job of its own, written in the transaction of the notification: it is sent again until a server
takes it (``docs/decisions/0381``).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from tom_alerts import conf
from tom_alerts.filter_models import AlertFilter, Candidate, CandidateAction
from tom_alerts.permissions import candidates_for_user
from tom_common.conf import site_url, tom_name
from tom_common.models import Notification
from tom_common.notifications import notify

KIND = "filter"
_NAMED = 3
_IN_MAIL = 50
_CHUNK = 1000


def tell_due() -> int:
    """Tell users of the candidates of which they are due to be told; return how many candidates these are.

    The news of a filter are one line (and one mail) to each of its readers, however many
    candidates there are.
    """
    told = 0
    while part := _tell_some():
        told += part
    return told


def _tell_some() -> int:
    with transaction.atomic():
        due = CandidateAction.objects.filter(
            kind=CandidateAction.Kind.TELL, state=CandidateAction.State.WAITING, due__lte=timezone.now()
        )
        # Who comes second waits, and counts the news of the first: the limit of a day holds for both.
        locked = due.select_for_update().order_by("pk").values_list("pk", flat=True)
        actions = list(
            CandidateAction.objects.filter(pk__in=list(locked[:_CHUNK]))
            .select_related("candidate__alert_filter__user")
            .defer("candidate__content")
            .order_by("pk")
        )
        by_filter: dict[AlertFilter, list[Candidate]] = defaultdict(list)
        for action in actions:
            by_filter[action.candidate.alert_filter].append(action.candidate)
        for one, candidates in by_filter.items():
            for user in readers(one):
                _tell(one, candidates, user)
        CandidateAction.objects.filter(pk__in=[action.pk for action in actions]).update(
            state=CandidateAction.State.DONE, finished=timezone.now()
        )
    return len(actions)


def readers(one: AlertFilter) -> Sequence[Any]:
    """Return who is told of the candidates of a filter: its owner, and its groups if so chosen."""
    users = get_user_model()._default_manager.filter(is_active=True)
    wanted = Q(pk=one.user_id)
    if one.tells_groups:
        wanted |= Q(groups__in=one.groups.all())
    return list(users.filter(wanted).distinct().order_by("pk"))


def _seen(user: Any, keys: Sequence[int]) -> list[Candidate]:
    rows = candidates_for_user(user, Candidate.objects.filter(pk__in=keys)).order_by("-pk")
    return list(rows.defer("content"))


def _tell(one: AlertFilter, candidates: Sequence[Candidate], user: Any) -> None:
    seen = _seen(user, [candidate.pk for candidate in candidates])
    day = timezone.now() - dt.timedelta(days=1)
    so_far = Notification.objects.filter(user=user, kind=KIND, created_at__gt=day).count()
    limit = conf.news_per_day()
    if not seen or so_far >= limit:
        return
    url = f"{reverse('alerts:triage')}?filter={one.pk}"
    words = f"{one.name}: {_named(seen)}"
    if so_far == limit - 1:
        words += ". This is the last news of filters for a day; the triage page shows all."
    notify(user, KIND, words, url=url)
    if one.mails and user.email:
        from tom_alerts.tasks import mail_news

        keys = [candidate.pk for candidate in seen]
        title = f"Mail to {user}: {one.name}"[:200]
        mail_news.submit(title=title, filter_pk=one.pk, user_pk=user.pk, candidate_pks=keys)


def mail(one: AlertFilter, user: Any, candidate_pks: Sequence[int]) -> bool:
    """Mail a user what the user sees of some candidates now; return whether there was anything to mail.

    Raises
    ------
    OSError
        If no server takes it.
    """
    seen = _seen(user, candidate_pks)
    if not (seen and user.email and user.is_active):
        return False
    lines = [_line(candidate) for candidate in seen[:_IN_MAIL]]
    if len(seen) > _IN_MAIL:
        lines.append(f"and {len(seen) - _IN_MAIL} more")
    subject = f"[{tom_name()}] {one.name}: {len(seen)} new candidate{'s' * (len(seen) != 1)}"
    url = f"{site_url()}{reverse('alerts:triage')}?filter={one.pk}"
    text = "\n".join([*lines, "", f"Judge them: {url}"])
    # The same however often it is sent, so that programs that read mail show it once.
    number = f"<candidates-{one.pk}-{min(candidate_pks)}-{max(candidate_pks)}-{user.pk}@{_host()}>"
    headers = {"Message-ID": number}
    EmailMessage(" ".join(subject.split()), text, None, [user.email], headers=headers).send()
    return True


def _host() -> str:
    return urlsplit(site_url()).hostname or "tom.invalid"


def _named(candidates: Sequence[Candidate]) -> str:
    names = ", ".join(candidate.name for candidate in candidates[:_NAMED])
    more = len(candidates) - _NAMED
    if more > 0:
        names += f" and {more} more"
    return f"{len(candidates)} new candidate{'s' * (len(candidates) != 1)}: {names}"


def _line(candidate: Candidate) -> str:
    facts = candidate.facts
    magnitude = f", {facts['band']} = {facts['mag']:.2f}" if "mag" in facts and "band" in facts else ""
    where = (
        ""
        if candidate.ra is None or candidate.dec is None
        else (f", RA {candidate.ra:.5f} Dec {candidate.dec:+.5f}")
    )
    return f"{candidate.name}{magnitude}{where}"
