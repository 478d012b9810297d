"""Who may see, change and delete a target: pages, API, exports, tags and tasks ask ``targets_for_user``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_backends
from django.contrib.auth.backends import ModelBackend
from django.db.models import BooleanField, F, Func, Q, QuerySet

from tom_common.grants import granted, permissions_lie_in_tables
from tom_targets.base_models import BaseTarget
from tom_targets.models import Target
from tom_targets.queries import changeable_keys, holds_model_permission

ACTIONS = ("view_target", "change_target", "delete_target")


def targets_for_user(user: Any, queryset: QuerySet, action: str) -> QuerySet:
    """Return the targets of a queryset with which a user may do something.

    Seeing: OPEN for everybody, PUBLIC for the logged-in, PRIVATE for those with a grant. Changing and
    deleting: a grant on the target, or the permission for all targets; visibility alone never suffices.

    Parameters
    ----------
    user : User or AnonymousUser
    queryset : QuerySet of targets
    action : str
        ``"view_target"``, ``"change_target"`` or ``"delete_target"``, with or without an app label.

    Raises
    ------
    ValueError
        For another action.
    """
    condition = target_condition(user, action)
    return queryset if condition is None else queryset.filter(condition)


class _LevelOfTarget(Func):
    """Whether the target that a row points at has one of some levels, looked up by its key.

    Not by a join: PostgreSQL would read all targets before the first row of a page, and neither engine could
    count the first rows of a list in the order of the list.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(self, key: str, levels: Sequence[str]) -> None:
        super().__init__(F(key))
        self.levels = [str(level) for level in levels]

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return a scalar subquery, which no engine makes a join of."""
        key, parameters = compiler.compile(self.get_source_expressions()[0])
        places = ", ".join(["%s"] * len(self.levels))
        table = connection.ops.quote_name(BaseTarget._meta.db_table)
        sql = f"((SELECT level.permissions FROM {table} level WHERE level.id = {key}) IN ({places}))"  # noqa: S608  a table of ours
        return sql, [*parameters, *self.levels]


def target_condition(user: Any, action: str, *, prefix: str = "", joined: bool = True) -> Q | None:
    """Return the condition behind ``targets_for_user``, or None where every row qualifies.

    Parameters
    ----------
    user : User or AnonymousUser
    action : str
    prefix : str
        Lookup from the filtered model to the target, for example ``"target__"``.
    joined : bool
        False for long lists of rows that have a `prefix`: the level of each row's target is then looked up
        by its key.

    Raises
    ------
    ValueError
        For an unknown action.
    """
    codename = action.rpartition(".")[2]
    if codename not in ACTIONS:
        raise ValueError(f"unknown action {action!r} on targets; expected one of {', '.join(ACTIONS)}")
    known = bool(user and user.is_authenticated and user.is_active)
    if known and user.is_superuser:
        return None
    levels = BaseTarget.Permissions
    if codename == "view_target":
        shown = [levels.OPEN, levels.PUBLIC] if known else [levels.OPEN]
        if prefix and not joined:
            has_level = Q(_LevelOfTarget(f"{prefix}pk", shown))
        else:
            has_level = Q(**{f"{prefix}permissions__in": shown})
        return has_level | _granted(user, codename, prefix) if known else has_level
    if not known:
        return Q(pk__in=[])
    if user.has_perm(f"{Target._meta.app_label}.{codename}"):
        return None
    return _granted(user, codename, prefix)


def _granted(user: Any, codename: str, prefix: str) -> Q:
    return granted(user, codename, Target, outer_pk=f"{prefix}pk" if prefix else "pk")


def may_create_targets(user: Any, *, asked_alone: bool = False) -> bool:
    """Tell whether a user may create targets: logged in, with the permission ``add_target``.

    Parameters
    ----------
    user : User, AnonymousUser or None
    asked_alone : bool
        True where no other permission of this user is asked for: a short statement then does instead of
        the two that load all of them.
    """
    if not (user and user.is_authenticated and user.is_active):
        return False
    if user.is_superuser or (asked_alone and _django_grants(user, "add_target")):
        return True
    return bool(user.has_perm(f"{Target._meta.app_label}.add_target"))


def _django_grants(user: Any, codename: str) -> bool:
    """Tell by one short statement what Django's own backend would say after loading all permissions."""
    asks_django = any(
        type(backend).has_perm is ModelBackend.has_perm
        and type(backend).get_all_permissions is ModelBackend.get_all_permissions
        for backend in get_backends()
        if isinstance(backend, ModelBackend)
    )
    return asks_django and holds_model_permission(user.pk, codename)


def changeable_targets(user: Any, pks: Sequence[int]) -> set[int]:
    """Return which of a few targets a user may change, as ``targets_for_user`` would say.

    One short statement where only Django and django-guardian are asked, since each measurement that a
    program sends asks this.

    Parameters
    ----------
    user : User or AnonymousUser
    pks : sequence of int
        Keys of at most a thousand targets.
    """
    if not (user and user.is_authenticated and user.is_active):
        return set()
    if not user.is_superuser and permissions_lie_in_tables():
        return changeable_keys(pks, user.pk)
    rows = targets_for_user(user, Target._default_manager.filter(pk__in=pks), "change_target")
    return set(rows.order_by().values_list("pk", flat=True))


def may(user: Any, action: str, target: BaseTarget) -> bool:
    """Tell whether a user may do something with one target."""
    return targets_for_user(user, Target._default_manager.filter(pk=target.pk), action).exists()


LIST_ACTIONS = ("view_targetlist", "change_targetlist", "delete_targetlist")


def target_lists_for_user(user: Any, queryset: QuerySet, action: str = "view_targetlist") -> QuerySet:
    """Return the target lists of a queryset with which a user may do something: by a grant, or for all lists.

    Parameters
    ----------
    user : User or AnonymousUser
    queryset : QuerySet of TargetList
    action : str
        ``"view_targetlist"``, ``"change_targetlist"`` or ``"delete_targetlist"``, with or without an app
        label.

    Raises
    ------
    ValueError
        For another action.
    """
    codename = action.rpartition(".")[2]
    if codename not in LIST_ACTIONS:
        raise ValueError(
            f"unknown action {action!r} on target lists; expected one of {', '.join(LIST_ACTIONS)}"
        )
    if not (user and user.is_authenticated and user.is_active):
        return queryset.none()
    if user.is_superuser or user.has_perm(f"tom_targets.{codename}"):
        return queryset
    return queryset.filter(granted(user, codename, queryset.model))
