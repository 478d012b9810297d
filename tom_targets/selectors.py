"""What may be seen of targets: the rows behind pages, tags and exports."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value
from django.http import Http404

from tom_common.grants import granted_keys
from tom_common.keyset import KeysetPage, RowCount, count_rows, keyset_page
from tom_targets import conf, follow
from tom_targets.filters import has_light_curves
from tom_targets.models import (
    BaseTarget,
    Target,
    TargetExtra,
    TargetGroupGrant,
    TargetList,
    TargetUserGrant,
    TrashedTarget,
)
from tom_targets.permissions import ACTIONS, LIST_ACTIONS, target_condition, targets_for_user
from tom_targets.sky_search import cone
from tom_targets.summaries import bring_up_to_date
from tom_targets.tables import (
    SIMULATED_MARK,
    STAR_KEY,
    STATUS_KEY,
    TargetTable,
    columns_named,
    sort_expression,
)

PAGE_SIZE = 25
PAGE_SIZES = (25, 50, 100)
_COUNT_KEPT_S = 60
_QUICK_COUNT_S = 0.01


def visible_targets(user: Any) -> QuerySet:
    """Return the targets that a user may see."""
    return targets_for_user(user, Target.objects.all(), "view_target")


def with_summaries(targets: QuerySet) -> QuerySet:
    """Return targets that come with the summary of their light curve, and marked if they are simulated."""
    tags = TargetExtra.objects.filter(target=OuterRef("pk"), key="simulated", bool_value=True)
    marked = targets.annotate(**{SIMULATED_MARK: Exists(tags)})
    return marked.select_related("light_curve_summary") if has_light_curves() else marked


def newest_targets(user: Any, limit: int = 10) -> QuerySet:
    """Return the targets added last of those that a user may see."""
    return with_summaries(visible_targets(user)).order_by("-created", "-pk")[:limit]


def recently_changed_targets(user: Any, limit: int = 10) -> QuerySet:
    """Return the targets changed last of those that a user may see."""
    return with_summaries(visible_targets(user)).order_by("-modified", "-pk")[:limit]


def target_page(
    targets: QuerySet, *, sort: str, cursor: str | None, page_size: int = PAGE_SIZE
) -> KeysetPage:
    """Return one page of a list of targets.

    Raises
    ------
    CursorError
        If the cursor does not fit.
    KeyError
        If the list is not sorted by that.
    """
    return keyset_page(
        with_summaries(targets), sort=sort_expression(sort), cursor=cursor or None, page_size=page_size
    )


def target_table(
    page: Sequence[Any], names: Iterable[str], *, user: Any = None, **options: Any
) -> TargetTable:
    """Return the table of some targets.

    One more query where a column shows extra fields, and one each for the status words and stars of `user`;
    three where photometry came since a summary was stored.
    """
    columns = columns_named(names, with_light_curves=has_light_curves())
    bring_up_to_date(page)
    wanted = [column.name for column in columns if column.needs_extras]
    extras: dict[int, dict[str, str]] = {}
    if wanted and page:
        rows = TargetExtra.objects.filter(target__in=[target.pk for target in page], key__in=wanted)
        for pk, key, value in rows.values_list("target_id", "key", "value"):
            extras.setdefault(pk, {})[key] = value
    shown = {column.name for column in columns}
    if page and user is not None and user.is_authenticated and shown & {"status", "favourite"}:
        keys = [target.pk for target in page]
        if "status" in shown:
            for pk, words in follow.words_for(user, keys).items():
                extras.setdefault(pk, {})[STATUS_KEY] = ", ".join(words)
        if "favourite" in shown:
            for pk in follow.favourites_among(user, keys):
                extras.setdefault(pk, {})[STAR_KEY] = "1"
    return TargetTable(page, columns, extras=extras, **options)


def cached_count(targets: QuerySet, key: str) -> RowCount:
    """Return how many targets there are; what took long to count is kept for a minute.

    Parameters
    ----------
    targets : QuerySet
    key : str
        Of the cache; names the user and the filter.
    """
    kept = cache.get(key)
    if kept is not None:
        return RowCount(*kept)
    started = time.perf_counter()
    found = count_rows(targets)
    if time.perf_counter() - started > _QUICK_COUNT_S:
        cache.set(key, (found.value, found.is_estimate), _COUNT_KEPT_S)
    return found


def target_or_404(user: Any, pk: int, action: str = "view_target") -> tuple[BaseTarget, bool]:
    """Return a target, and whether the user may do something with it.

    Parameters
    ----------
    user : User or AnonymousUser
    pk : int
    action : str
        ``"view_target"``, ``"change_target"`` or ``"delete_target"``.

    Returns
    -------
    (BaseTarget, bool)
        The target comes with its light-curve summary and the attributes ``may_view_target``,
        ``may_change_target`` and ``may_delete_target``.

    Raises
    ------
    Http404
        If there is no such target, or the user may neither see it nor do that with it.
    """
    names = {known: f"may_{known}" for known in ACTIONS}
    conditions = {name: _truth(target_condition(user, known)) for known, name in names.items()}
    target = with_summaries(Target.objects.all()).annotate(**conditions).filter(pk=pk).first()
    if target is None or not (target.may_view_target or getattr(target, names[action])):
        raise Http404("There is no such target, or you may not see it.")
    return target, bool(getattr(target, names[action]))


def _truth(condition: Q | None) -> Any:
    if condition is None:
        return Value(True)
    return ExpressionWrapper(condition, output_field=BooleanField())


def user_lists(user: Any, *, target: BaseTarget | None = None) -> list[Any]:
    """Return the target lists that a user may see, by name, in at most two queries.

    Returns
    -------
    list of TargetList
        With the attributes ``may_change``, ``may_delete`` and, for a target, ``has_target``.
    """
    if not user.is_authenticated:
        return []
    held = {} if user.is_superuser else granted_keys(user, TargetList)
    rights = {
        name: None if user.has_perm(f"tom_targets.{name}") else {int(key) for key in held.get(name, ())}
        for name in LIST_ACTIONS
    }
    lists = TargetList.objects.order_by("name", "pk")
    if rights["view_targetlist"] is not None:
        lists = lists.filter(pk__in=rights["view_targetlist"])
    if target is not None:
        through = TargetList.targets.through.objects.filter(basetarget_id=target.pk)
        lists = lists.annotate(
            has_target=ExpressionWrapper(Q(pk__in=through.values("targetlist_id")), BooleanField())
        )
    found: list[Any] = list(lists)
    for target_list in found:
        for attribute, name in (("may_change", "change_targetlist"), ("may_delete", "delete_targetlist")):
            keys = rights[name]
            setattr(target_list, attribute, keys is None or target_list.pk in keys)
    return found


def list_of_name(name: str) -> TargetList | None:
    """Return the list of a name, the oldest of several, whoever may see it; None without one."""
    return TargetList.objects.filter(name=name).order_by("pk").first() if name else None


def lists_with_counts(user: Any) -> list[Any]:
    """Return the target lists that a user may see, as `user_lists` gives them, with ``target_count``."""
    found = user_lists(user)
    through = TargetList.targets.through.objects.filter(targetlist__in=[row.pk for row in found])
    counted = dict(through.values_list("targetlist").annotate(Count("pk")))
    for target_list in found:
        target_list.target_count = counted.get(target_list.pk, 0)
    return found


def split_extras(target: BaseTarget) -> tuple[list[TargetExtra], list[TargetExtra]]:
    """Return the extra fields of a target that the settings declare (hidden ones left out), and its tags."""
    declared = {extra["name"]: extra for extra in conf.extra_fields()}
    fields, tags = [], []
    for extra in target.targetextra_set.all():
        if extra.key not in declared:
            tags.append(extra)
        elif not declared[extra.key].get("hidden"):
            fields.append(extra)
    return sorted(fields, key=_by_key), sorted(tags, key=_by_key)


def _by_key(extra: TargetExtra) -> str:
    return extra.key.lower()


def classification(extras: Iterable[TargetExtra]) -> str:
    """Return the class of a target by the most trusted key that it has, empty without one."""
    values = {extra.key: extra.value for extra in extras}
    return next((values[key] for key in conf.classification_keys() if values.get(key)), "")


@dataclass
class Holder:
    """A user or group that was given access to a target, and what it may do."""

    holder: Any
    is_group: bool
    actions: set[str] = field(default_factory=set)

    @property
    def words(self) -> str:
        """What the holder may do, in words."""
        words = {"view": "see", "change": "edit", "delete": "delete"}
        return ", ".join(words[action] for action in words if action in self.actions)


def holders_of(target: BaseTarget) -> list[Holder]:
    """Return who was given access to a target: groups, then users, each by name."""
    found: dict[tuple[bool, int], Holder] = {}
    for grants, key in ((TargetGroupGrant, "group"), (TargetUserGrant, "user")):
        for grant in grants.objects.filter(content_object=target.pk).select_related(key, "permission"):
            holder = getattr(grant, key)
            entry = found.setdefault((key == "group", holder.pk), Holder(holder, key == "group"))
            entry.actions.add(grant.permission.codename.partition("_")[0])
    return sorted(found.values(), key=lambda entry: (not entry.is_group, str(entry.holder).lower()))


def groups_to_share_with(user: Any) -> QuerySet[Group]:
    """Return the groups to which a user may give access: the user's own; all for staff who manage groups."""
    groups = Group.objects.order_by("name")
    if user.is_superuser or user.has_perm("auth.change_group"):
        return groups
    return groups.filter(user=user)


def targets_near(user: Any, target: BaseTarget, *, within_arcsec: float, limit: int = 5) -> list[Any]:
    """Return the stored targets near the position of one that is to be added, the nearest first.

    Each has ``separation_arcsec``, and ``may_change`` for this user. Those whom the user may not see are not
    among them. Without a position there are none.
    """
    if target.type != Target.SIDEREAL or target.ra is None or target.dec is None:
        return []
    near = cone(
        visible_targets(user), ra_deg=target.ra, dec_deg=target.dec, radius_arcsec=within_arcsec
    ).order_by("separation")
    found = list(near[:limit])
    changeable = targets_for_user(
        user, Target.objects.filter(pk__in=[one.pk for one in found]), "change_target"
    )
    keys = set(changeable.values_list("pk", flat=True)) if found else set()
    for one in found:
        one.separation_arcsec = one.separation * 3600.0
        one.may_change = one.pk in keys
    return found


def restorable_targets(user: Any) -> QuerySet[TrashedTarget]:
    """Return the deleted targets that a user may bring back: the own; all for those who may delete any.

    Targets that were merged into another come back when the merge is reverted.
    """
    trashed = TrashedTarget.objects.defer("content").select_related("deleted_by")
    trashed = trashed.filter(merged_into_pk=None)
    if not user.is_authenticated:
        return trashed.none()
    if user.is_superuser or user.has_perm(f"{Target._meta.app_label}.delete_target"):
        return trashed
    return trashed.filter(deleted_by=user)


def is_simulated(extras: Iterable[TargetExtra]) -> bool:
    """Tell whether the tags of a target say that it was made by a simulation."""
    return any(extra.key == "simulated" and extra.bool_value for extra in extras)
