"""How people follow targets: the status word of a team, and favourites.

A team is a group of users. Its members see and set its word on every target that they may see; nobody else
does. A favourite is a user's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from tom_common.history import change_run, unrecorded
from tom_targets import conf
from tom_targets.follow_models import TargetFavourite, TargetStatus
from tom_targets.list_expressions import KeysIn, keys_if_few

_BATCH = 2000


@dataclass(frozen=True)
class Following:
    """How one user and the user's teams follow one target."""

    is_favourite: bool
    teams: list[Any]
    """Groups of the user by name, each with `word`: "" where the team has said nothing."""

    @property
    def said(self) -> list[Any]:
        """The teams that have a word for the target."""
        return [team for team in self.teams if team.word]


def teams_of(user: Any) -> QuerySet[Group]:
    """Return the groups of a user, by name."""
    return Group.objects.filter(user=user.pk).order_by("name")


def following_of(user: Any, target: Any) -> Following | None:
    """Return how a user follows a target; None for an anonymous visitor. Two queries."""
    if not user.is_authenticated:
        return None
    word = TargetStatus.objects.filter(target=target.pk, group=OuterRef("pk")).values("word")[:1]
    teams = list(teams_of(user).annotate(word=Subquery(word)))
    for team in teams:
        team.word = team.word or ""
    is_favourite = TargetFavourite.objects.filter(target=target.pk, user=user).exists()
    return Following(is_favourite, teams)


def words_for(user: Any, target_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the words that a user's teams have for some targets, by key of the target. One query."""
    found: dict[int, list[str]] = {}
    rows = TargetStatus.objects.filter(target__in=list(target_ids), group__user=user.pk).exclude(word="")
    for target_id, word in rows.order_by("group__name").values_list("target_id", "word"):
        if word not in found.setdefault(target_id, []):
            found[target_id].append(word)
    return found


def favourites_among(user: Any, target_ids: Iterable[int]) -> set[int]:
    """Return which of some targets a user marked with a star. One query."""
    rows = TargetFavourite.objects.filter(user=user.pk, target__in=list(target_ids))
    return set(rows.values_list("target_id", flat=True))


def with_status(targets: QuerySet, user: Any, word: str) -> QuerySet:
    """Return the targets for which one of a user's teams has a word."""
    rows = TargetStatus.objects.filter(group__user=user.pk, word=word)
    few = keys_if_few(rows, "target_id")
    return targets.filter(Exists(rows.filter(target=OuterRef("pk"))) if few is None else KeysIn(few))


def favourites_of(targets: QuerySet, user: Any) -> QuerySet:
    """Return the targets that a user marked with a star."""
    rows = TargetFavourite.objects.filter(user=user.pk)
    few = keys_if_few(rows, "target_id")
    return targets.filter(Exists(rows.filter(target=OuterRef("pk"))) if few is None else KeysIn(few))


def set_status(targets: QuerySet, team: Group, word: str, *, user: Any) -> int:
    """Say what a team does with targets; an empty word takes back what it said.

    Parameters
    ----------
    targets : QuerySet
        Of targets that the user may see.
    team : Group
        One of the user's.
    word : str
        One of ``conf.target_statuses()``, or empty.
    user : User

    Returns
    -------
    int
        How many targets there are.

    Raises
    ------
    ValueError
        If the settings do not have the word, or the user is not in the team.
    """
    if word and word not in conf.target_statuses():
        raise ValueError(f"{word!r} is no status; known are {', '.join(conf.target_statuses())}")
    if not teams_of(user).filter(pk=team.pk).exists():
        raise ValueError(f"you are not in the team {team}")
    count, now = 0, timezone.now()
    title = f"Status {f'“{word}”' if word else 'taken back'} for {team}"
    run = change_run(user, kind="status", title=title)
    for keys in _batches(targets):
        count += len(keys)
        with run.part():
            _say(team, keys, word, user, now)
    return count


def _say(team: Group, keys: list[int], word: str, user: Any, now: datetime) -> None:
    if word:
        with unrecorded():  # a row without a word says nothing yet
            TargetStatus.objects.bulk_create(
                [TargetStatus(target_id=key, group=team, changed_by=user, changed_at=now) for key in keys],
                ignore_conflicts=True,
            )
    rows = TargetStatus.objects.filter(group=team, target__in=keys).exclude(word=word)
    rows.update(word=word, changed_by=user, changed_at=now)


def forget_silence(target: Any) -> None:
    """Delete the empty words of a target: of teams that took back what they had said."""
    with unrecorded():
        TargetStatus.objects.filter(target=target.pk, word="").delete()


def set_favourite(targets: QuerySet, user: Any, *, is_favourite: bool) -> int:
    """Mark targets with a user's star, or take it off; return how many targets there are."""
    count = 0
    for keys in _batches(targets):
        count += len(keys)
        if is_favourite:
            TargetFavourite.objects.bulk_create(
                [TargetFavourite(target_id=key, user=user) for key in keys], ignore_conflicts=True
            )
        else:
            TargetFavourite.objects.filter(user=user, target__in=keys).delete()
    return count


def followed_keys(user: Any, limit: int) -> list[int]:
    """Return keys of the targets that a user follows: favourites, then those with a word of a team.

    A target to which a team has said the last of the words (finished) is not followed by that. Whether the
    user may still see them is not asked here. Two queries.
    """
    stars = TargetFavourite.objects.filter(user=user.pk).order_by("-pk")
    keys = dict.fromkeys(stars.values_list("target_id", flat=True)[:limit])
    going_on = conf.target_statuses()[:-1]
    said = TargetStatus.objects.filter(group__user=user.pk, word__in=going_on).order_by("-target")
    keys.update(dict.fromkeys(said.values_list("target_id", flat=True)[:limit]))
    return list(keys)[:limit]


def _batches(targets: QuerySet) -> Iterator[list[int]]:
    keys = iter(list(targets.order_by().values_list("pk", flat=True)))
    while batch := list(islice(keys, _BATCH)):
        yield batch


def known_words() -> list[tuple[str, str]]:
    """Return the status words as choices of a form."""
    return [(word, word) for word in conf.target_statuses()]
