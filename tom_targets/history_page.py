"""What the pages of a target's history show: its changes in words, and the target as it was at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import capfirst

from tom_common.history.as_of import Snapshot, snapshot_at, snapshot_now
from tom_common.history.models import Change
from tom_common.history.registry import tracked_by_label
from tom_common.history.selectors import changes_of, history_begins
from tom_common.history.telling import reasons_for
from tom_common.history.words import ChangeLine, change_lines, field_text
from tom_common.keyset import KeysetPage, keyset_page
from tom_targets.follow import teams_of
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList, TargetName, TargetStatus
from tom_targets.permissions import target_lists_for_user

SHOWN_IN_SECTION = 15
PAGE_SIZE = 50


def newest_changes(target: BaseTarget, user: Any) -> tuple[list[ChangeLine], bool]:
    """Return the newest changes of a target in words, and whether there are more."""
    rows = list(changes_of(user, "target", target.pk).order_by("-pk")[: SHOWN_IN_SECTION + 1])
    return lines_with_reasons(rows[:SHOWN_IN_SECTION], user), len(rows) > SHOWN_IN_SECTION


def lines_with_reasons(changes: Sequence[Change], user: Any) -> list[ChangeLine]:
    """Return changes in words, with the reasons that a user may read."""
    lines = change_lines(changes)
    reasons = reasons_for(user, [line.change.change_set for line in lines])
    for line in lines:
        line.reason = reasons.get(line.change.change_set_id, "")
    return lines


def section(context: Any) -> dict[str, Any]:
    """Return what the section History of a target's page shows: the newest changes, by whom, and why."""
    target, user = context["target"], context["request"].user
    lines, has_more = newest_changes(target, user)
    begins = history_begins() if not lines else None
    return {"lines": lines, "has_more": has_more, "begins": begins, "user": user}


def page_of_changes(target: BaseTarget, user: Any, cursor: str | None) -> tuple[KeysetPage, list[ChangeLine]]:
    """Return one page of the changes of a target, newest first."""
    page = keyset_page(changes_of(user, "target", target.pk), sort="-pk", page_size=PAGE_SIZE, cursor=cursor)
    return page, lines_with_reasons(page.items, user)


@dataclass(frozen=True)
class ThenAndNow:
    """One fact of a target at a time, and now; None where it has, or had, none."""

    label: str
    then: str | None
    now: str | None

    @property
    def differs(self) -> bool:
        """Whether it changed since."""
        return self.then != self.now


@dataclass(frozen=True)
class TargetThen:
    """A target as it was: `facts` in the order of the page, `note` where the history does not know all."""

    exists: bool
    facts: list[ThenAndNow]
    note: str = ""


def target_at(target: BaseTarget, when: dt.datetime, user: Any) -> TargetThen:
    """Return a target as it was at a time, beside what it is now.

    Parameters
    ----------
    target : BaseTarget
    when : datetime
        Aware.
    user : User
        Lists that this user does not know of are left out.

    Raises
    ------
    ValueError
        If too many changes lie between then and now.
    """
    then, now = snapshot_at("target", target, when), snapshot_now("target", target)
    exists = then.exists and (target.created is None or target.created <= when)
    begins = history_begins()
    note = ""
    if begins is not None and when < begins and target.created < begins:
        note = f"Changes are noted since {begins:%Y-%m-%d %H:%M} UTC; what changed before is not known."
    return TargetThen(exists, _facts(then, now, user) if exists else [], note)


def _facts(then: Snapshot, now: Snapshot, user: Any) -> list[ThenAndNow]:
    facts = []
    for name in now.fields:
        column: Any = Target._meta.get_field(name)
        pair = [field_text(column, state.fields.get(name)) for state in (then, now)]
        if pair != [None, None]:
            facts.append(ThenAndNow(capfirst(str(column.verbose_name)), *pair))
    aliases = [_joined(row["name"] for row in _rows(state, TargetName).values()) for state in (then, now)]
    if aliases != [None, None]:
        facts.append(ThenAndNow("Aliases", *aliases))
    label = TargetExtra._meta.label_lower
    extras = [state.folded.get(label, {}) for state in (then, now)]
    facts += [
        ThenAndNow(key, *(state.get(key) or None for state in extras))
        for key in sorted({*extras[0], *extras[1]})
    ]
    facts += _lists(then, now, user) + _statuses(then, now, user)
    for kind, count in now.counts.items():
        tracked = tracked_by_label(kind)
        before = then.counts.get(kind, 0)
        if tracked is not None and (before or count):
            facts.append(ThenAndNow(capfirst(tracked.words[1]), f"{before:,}", f"{count:,}"))
    return facts


def _statuses(then: Snapshot, now: Snapshot, user: Any) -> list[ThenAndNow]:
    """Return the words of the user's teams."""
    pairs = [
        {row["group_id"]: row["word"] or None for row in _rows(state, TargetStatus).values()}
        for state in (then, now)
    ]
    teams = [team for team in teams_of(user) if any(pair.get(team.pk) for pair in pairs)]
    return [ThenAndNow(f"Status for {team}", *(pair.get(team.pk) for pair in pairs)) for team in teams]


def _rows(state: Snapshot, model: Any) -> dict[int, dict[str, Any]]:
    return state.rows.get(model._meta.label_lower, {})


def _joined(names: Any) -> str | None:
    return ", ".join(sorted(map(str, names))) or None


def _lists(then: Snapshot, now: Snapshot, user: Any) -> list[ThenAndNow]:
    label = TargetList.targets.through._meta.label_lower
    places = [state.places.get(label, set()) for state in (then, now)]
    known = target_lists_for_user(user, TargetList.objects.filter(pk__in=places[0] | places[1]))
    names = dict(known.values_list("pk", "name"))
    pair = [_joined(names[pk] for pk in state if pk in names) for state in places]
    return [ThenAndNow("Lists", *pair)] if pair != [None, None] else []


def asked_time(text: str) -> dt.datetime | None:
    """Return a time that was typed, in UTC; a date alone means the end of that day. None if it is no time."""
    text = text.strip()
    if len(text) > 40:
        return None
    try:
        day = parse_date(text)
        if day is not None:
            return dt.datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=dt.UTC)
        moment = parse_datetime(text)
        if moment is None:
            return None
        return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None
