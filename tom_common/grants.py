"""Grants of single objects to users and groups; the only module that knows django-guardian.

A model whose grants lie in direct foreign-key tables (``UserObjectPermissionBase`` with a
``content_object`` key to
it) is filtered by one probe of an index per row; every other model falls back on guardian's generic tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.contrib.auth import get_backends
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Exists, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from tom_common.grant_expressions import Granted

ACTIONS = ("view", "change", "delete")


class GrantProbe(Exists):
    """``EXISTS`` that PostgreSQL keeps as a probe per row.

    As a plain ``EXISTS`` behind ``OR`` the planner hashes all grants of the user before the first row of a
    page;
    counting inside a scalar subquery cannot be hashed, and a page reads only the grants of its own rows.
    """

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Write the probe as a count of at most one row."""
        return self.as_sql(
            compiler, connection, template="(SELECT COUNT(*) FROM (%(subquery)s) granted) > 0", **context
        )


def _grant_models(model: type[Model]) -> tuple[type[Model], type[Model]]:
    from guardian.utils import get_group_obj_perms_model, get_user_obj_perms_model

    # guardian takes the class as well as an instance; its annotation knows the instance only.
    return get_user_obj_perms_model(model), get_group_obj_perms_model(model)  # type: ignore[arg-type]


def _rows(grants: type[Model], model: type[Model], codename: str, outer_pk: str) -> QuerySet:
    # A scalar subquery is evaluated once; a join would look the permission up again for every row.
    permission = Permission.objects.filter(
        codename=codename,
        content_type__app_label=model._meta.app_label,
        content_type__model=model._meta.concrete_model._meta.model_name,  # type: ignore[union-attr]
    )
    rows = grants._default_manager.filter(permission=Subquery(permission.order_by().values("pk")[:1]))
    if not _is_generic(grants):
        return rows.filter(content_object=OuterRef(outer_pk))
    return rows.filter(
        content_type__app_label=model._meta.app_label,
        content_type__model=model._meta.model_name,
        object_pk=Cast(OuterRef(outer_pk), CharField(max_length=255)),
    )


def granted(user: AbstractBaseUser, codename: str, model: type[Model], *, outer_pk: str = "pk") -> Q:
    """Return a condition that holds for rows on which a user or one of the user's groups has a permission.

    Parameters
    ----------
    user : User
        A logged-in user.
    codename : str
        Code name of the permission without the app label, for example ``"view_target"``.
    model : type[Model]
        Model whose rows are filtered.
    outer_pk : str
        Lookup from the filtered query to the primary key of `model`, for example ``"target_id"``.
    """
    return _granted(user.pk, codename, model, outer_pk)


@lru_cache(maxsize=100)
def _granted(user_pk: Any, codename: str, model: type[Model], outer_pk: str) -> Q:
    user_grants, group_grants = _grant_models(model)
    if not (_is_generic(user_grants) or _is_generic(group_grants)):
        return Q(Granted((user_grants, group_grants), model, codename, user_pk, outer_pk))
    own = _rows(user_grants, model, codename, outer_pk).filter(user=user_pk)
    groups = Group.objects.filter(user=user_pk).values("pk")
    by_group = _rows(group_grants, model, codename, outer_pk).filter(group__in=groups)
    return Q(GrantProbe(own.values("pk"))) | Q(GrantProbe(by_group.values("pk")))


def permissions_lie_in_tables() -> bool:
    """Tell whether tables say all of what a user may: no backend decides by code of its own."""
    from guardian.backends import ObjectPermissionBackend

    names = ("has_perm", "get_all_permissions", "get_user_permissions", "get_group_permissions")
    for backend in get_backends():
        kind = type(backend)
        if not hasattr(kind, "has_perm") or kind is ObjectPermissionBackend:
            continue
        if any(getattr(kind, name, None) is not getattr(ModelBackend, name) for name in names):
            return False
    return True


def granted_keys(user: AbstractBaseUser, model: type[Model]) -> dict[str, set[str]]:
    """Return on which objects of a model a user or one of the user's groups has which permission.

    One query; for models of which a user holds few grants, such as lists. Permissions for the whole model are
    not looked at.

    Returns
    -------
    dict of str to set of str
        Primary keys as text, by code name without the app label.
    """
    user_grants, group_grants = _grant_models(model)
    groups = Group.objects.filter(user=user.pk).values("pk")
    parts = []
    for grants, holder in ((user_grants, {"user": user.pk}), (group_grants, {"group__in": groups})):
        rows = grants._default_manager.filter(**holder)
        if _is_generic(grants):
            rows = rows.filter(content_type=ContentType.objects.get_for_model(model))
        parts.append(rows.values_list("permission__codename", _key_column(grants)).order_by())
    found: dict[str, set[str]] = {}
    for codename, key in parts[0].union(parts[1]):
        found.setdefault(codename, set()).add(str(key))
    return found


def _is_generic(grants: type[Model]) -> bool:
    return "object_pk" in {field.name for field in grants._meta.get_fields()}


def _key_column(grants: type[Model]) -> str:
    return "object_pk" if _is_generic(grants) else "content_object_id"


def holds_grant(user: AbstractBaseUser, codename: str, instance: Model) -> bool:
    """Tell whether a user or one of the user's groups holds a permission on one object."""
    model = type(instance)
    return model._base_manager.filter(granted(user, codename, model), pk=instance.pk).exists()


def grant_access(
    holder: AbstractBaseUser | Group, instance: Model, codenames: Sequence[str] | None = None
) -> None:
    """Give a user or group permissions on one object; those already held stay.

    Parameters
    ----------
    holder : User or Group
    instance : Model
    codenames : sequence of str, optional
        Code names of the permissions; by default view, change and delete of the object's model name as its
        ``verbose_name`` says (``view_target`` for a ``BaseTarget``).
    """
    from guardian.shortcuts import assign_perm

    for codename in codenames or default_codenames(type(instance)):
        assign_perm(f"{instance._meta.app_label}.{codename}", holder, instance)


def revoke_access(
    holder: AbstractBaseUser | Group, instance: Model, codenames: Sequence[str] | None = None
) -> None:
    """Take permissions on one object from a user or group; those not held are no error."""
    from guardian.shortcuts import remove_perm

    for codename in codenames or default_codenames(type(instance)):
        remove_perm(f"{instance._meta.app_label}.{codename}", holder, instance)


def default_codenames(model: type[Model]) -> list[str]:
    """Return the code names for viewing, changing and deleting objects of a model."""
    known = {codename for codename, _ in model._meta.permissions}
    names = [f"{action}_target" for action in ACTIONS]
    if set(names) <= known:
        return names
    return [f"{action}_{model._meta.model_name}" for action in ACTIONS]


def permission_ids(model: type[Model], codenames: Iterable[str]) -> list[int]:
    """Return the primary keys of permissions of a model, in the order asked for.

    Raises
    ------
    Permission.DoesNotExist
        If one of them is not in the database (``migrate`` makes them).
    """
    codenames = list(codenames)
    content_type = ContentType.objects.get_for_model(model)
    found = dict(
        Permission.objects.filter(content_type=content_type, codename__in=codenames).values_list(
            "codename", "pk"
        )
    )
    missing = [name for name in codenames if name not in found]
    if missing:
        raise Permission.DoesNotExist(f"no permission {missing[0]!r} for {model._meta.label}; run migrate")
    return [found[name] for name in codenames]


def grant_tables(model: type[Model]) -> tuple[type[Model], type[Model]]:
    """Return the models that hold the grants of users and of groups on a model's rows, for bulk writing."""
    return _grant_models(model)


def grant_many(
    holders: Sequence[AbstractBaseUser | Group],
    model: type[Model],
    pks: Sequence[Any],
    codenames: Sequence[str],
) -> None:
    """Give users or groups permissions on many objects at once; those already held stay.

    Parameters
    ----------
    holders : sequence of User, or of Group
    model : type[Model]
    pks : sequence
        Primary keys of objects of `model`.
    codenames : sequence of str
        Code names without the app label.
    """
    permissions = permission_ids(model, codenames)
    user_grants, group_grants = _grant_models(model)
    by_table: dict[type[Model], list[Model]] = {}
    for holder in holders:
        table, key = (group_grants, "group_id") if isinstance(holder, Group) else (user_grants, "user_id")
        for pk in pks:
            target = _object_key(table, model, pk)
            by_table.setdefault(table, []).extend(
                table(**{key: holder.pk}, permission_id=permission, **target) for permission in permissions
            )
    for table, rows in by_table.items():
        table._default_manager.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def _object_key(table: type[Model], model: type[Model], pk: Any) -> dict[str, Any]:
    if "object_pk" in {field.name for field in table._meta.get_fields()}:
        return {"object_pk": str(pk), "content_type_id": ContentType.objects.get_for_model(model).pk}
    return {"content_object_id": pk}


def groups_with_access(instance: Model, codename: str) -> QuerySet[Group]:
    """Return the groups that hold a permission on one object."""
    _, group_grants = _grant_models(type(instance))
    rows = group_grants._default_manager.filter(permission__codename=codename)
    if "object_pk" in {field.name for field in group_grants._meta.get_fields()}:
        rows = rows.filter(
            content_type=ContentType.objects.get_for_model(type(instance)), object_pk=str(instance.pk)
        )
    else:
        rows = rows.filter(content_object=instance.pk)
    return Group.objects.filter(pk__in=rows.values("group")).order_by("name")


def users_with_access(instance: Model, codename: str) -> QuerySet:
    """Return the users who hold a permission on one object directly, not through a group."""
    from django.contrib.auth import get_user_model

    user_grants, _ = _grant_models(type(instance))
    rows = user_grants._default_manager.filter(permission__codename=codename)
    if "object_pk" in {field.name for field in user_grants._meta.get_fields()}:
        rows = rows.filter(
            content_type=ContentType.objects.get_for_model(type(instance)), object_pk=str(instance.pk)
        )
    else:
        rows = rows.filter(content_object=instance.pk)
    return get_user_model()._default_manager.filter(pk__in=rows.values("user"))


def delete_grants(model: type[Model], pks: Sequence[Any]) -> None:
    """Delete generic grants of rows that are gone; direct tables cascade by themselves."""
    for grants in _grant_models(model):
        if "object_pk" in {field.name for field in grants._meta.get_fields()}:
            grants._default_manager.filter(
                content_type=ContentType.objects.get_for_model(model), object_pk__in=[str(pk) for pk in pks]
            ).delete()
