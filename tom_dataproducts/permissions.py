"""Who may see and change files and measurements: as their target allows, or by grants of their own."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from tom_common.grants import granted
from tom_targets import conf as targets_conf
from tom_targets.permissions import target_condition

_TARGET_ACTION = {"view": "view_target", "change": "change_target", "delete": "change_target"}


def _split(action: str) -> tuple[str, str]:
    codename = action.rpartition(".")[2]
    verb, _, noun = codename.partition("_")
    if verb not in _TARGET_ACTION or not noun:
        raise ValueError(f"unknown action {action!r}; expected view_..., change_... or delete_...")
    return verb, codename


def _through_target(user: Any, queryset: QuerySet, verb: str) -> QuerySet:
    condition = target_condition(user, _TARGET_ACTION[verb], prefix="target__", joined=False)
    return queryset if condition is None else queryset.filter(condition)


def data_products_for_user(user: Any, queryset: QuerySet, action: str = "view_dataproduct") -> QuerySet:
    """Return the data products of a queryset with which a user may do something.

    A product follows its target: who sees the target sees it, who may change the target may change and
    delete it.
    Where ``TARGET_PERMISSIONS_ONLY`` is False a grant on the product itself is needed besides seeing the
    target.

    Raises
    ------
    ValueError
        For an unknown action.
    """
    return _rows_for_user(user, queryset, action)


def reduced_data_for_user(user: Any, queryset: QuerySet, action: str = "view_reduceddatum") -> QuerySet:
    """Return the measurements of a queryset (of any of the four models) with which a user may do something.

    Raises
    ------
    ValueError
        For an unknown action.
    """
    return _rows_for_user(user, queryset, action)


def rows_of_visible_target(user: Any, queryset: QuerySet) -> QuerySet:
    """Return the rows that a user may see among those of targets that the user is known to see.

    Saves the question about the target where measurements have no permissions of their own.
    """
    return queryset if targets_conf.permissions_only() else _rows_for_user(user, queryset, _view(queryset))


def rows_have_own_permissions() -> bool:
    """Tell whether two users who see a target may see different files and measurements of it."""
    return not targets_conf.permissions_only()


def _view(queryset: QuerySet) -> str:
    return f"view_{queryset.model._meta.model_name}"


def _rows_for_user(user: Any, queryset: QuerySet, action: str) -> QuerySet:
    verb, codename = _split(action)
    if targets_conf.permissions_only() or (user and user.is_authenticated and user.is_superuser):
        return _through_target(user, queryset, verb)
    visible = _through_target(user, queryset, "view")
    if not (user and user.is_authenticated and user.is_active):
        return visible.none()
    own_grants = {name for name, _ in queryset.model._meta.permissions}
    if codename not in own_grants and verb == "view" and not own_grants:
        return visible
    if user.has_perm(f"{queryset.model._meta.app_label}.{codename}"):
        return visible
    return visible.filter(Q(granted(user, codename, queryset.model)))


def rows_with_grants(user: Any, model: type[Model], verb: str) -> QuerySet | None:
    """Return the rows of a model with which a user may do something by grants of their own.

    None where the target alone decides: where ``TARGET_PERMISSIONS_ONLY`` is True, and for superusers and
    holders of the permission for all rows.
    """
    if targets_conf.permissions_only():
        return None
    codename = f"{verb}_{model._meta.model_name}"
    if user and user.is_active and user.has_perm(f"{model._meta.app_label}.{codename}"):
        return None
    return _rows_for_user(user, model._base_manager.order_by(), codename)


GROUP_ACTIONS = ("view_dataproductgroup", "change_dataproductgroup", "delete_dataproductgroup")


def groups_for_user(user: Any, queryset: QuerySet, action: str = "view_dataproductgroup") -> QuerySet:
    """Return the groups of files with which a user may do something.

    Seeing: groups that hold a file which the user may see, and one's own. Changing and deleting: one's own,
    or with the permission for all groups.

    Raises
    ------
    ValueError
        For an unknown action.
    """
    codename = action.rpartition(".")[2]
    if codename not in GROUP_ACTIONS:
        raise ValueError(f"unknown action {action!r} on groups of files")
    known = bool(user and user.is_authenticated and user.is_active)
    if known and (user.is_superuser or user.has_perm(f"tom_dataproducts.{codename}")):
        return queryset
    condition = Q(pk__in=[])
    if known:
        held = "change_dataproductgroup" if codename == "view_dataproductgroup" else codename
        condition |= granted(user, held, queryset.model)
    if codename == "view_dataproductgroup":
        products = queryset.model._meta.get_field("dataproduct").related_model.objects.all()
        condition |= Q(Exists(data_products_for_user(user, products.filter(group=OuterRef("pk")))))
    return queryset.filter(condition)


def service_queries_for_user(user: Any, queryset: QuerySet) -> QuerySet:
    """Return the queries of data services that a user may see: those about targets that the user sees."""
    if not (user and user.is_authenticated):
        return queryset.none()
    return _through_target(user, queryset, "view")


def may_change_query(user: Any, query: Any) -> bool:
    """Tell whether a user who sees a query may cancel it and try it again: who asked, and staff."""
    return bool(user.is_authenticated and (user.is_staff or query.user_id == user.pk))
