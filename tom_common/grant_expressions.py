"""The condition that somebody was granted something on a row, as one database expression. Used by ``grants``.

Put together from querysets it took a millisecond and a half to resolve and compile, several times a page.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField, F, Func, Model


class Granted(Func):
    """Whether a user, or one of the user's groups, holds a permission on a row.

    Leans on the indices of the two tables of grants that begin with the row. On PostgreSQL each probe is a
    count of at most one grant: a plain ``EXISTS`` behind ``OR`` would be hashed, with all grants of the user,
    before the first row of a page.

    Parameters
    ----------
    tables : (type of Model, type of Model)
        Of the grants to users, and to groups, with a ``content_object``.
    model : type of Model
        Whose permission it is.
    codename : str
        Of the permission.
    user_pk : int
    outer_pk : str
        Lookup from the filtered query to the primary key of the row.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(
        self,
        tables: tuple[type[Model], type[Model]],
        model: type[Model],
        codename: str,
        user_pk: Any,
        outer_pk: str,
    ) -> None:
        super().__init__(F(outer_pk))
        self.tables, self.model, self.codename, self.user_pk = tables, model, codename, user_pk

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return two probes, of the user's own grants and of those of the groups."""
        key, parameters = compiler.compile(self.get_source_expressions()[0])
        options = self.model._meta
        asked = [self.codename, options.app_label, options.concrete_model._meta.model_name, self.user_pk]  # type: ignore[union-attr]
        template = _template(self.tables, connection.vendor)
        return template.replace("{key}", key), [*parameters, *asked, *parameters, *asked]


@cache
def _template(tables: tuple[type[Model], type[Model]], vendor: str) -> str:
    quote = ("`{}`" if vendor == "mysql" else '"{}"').format
    membership = get_user_model().groups.through._meta
    member = membership.get_field(str(get_user_model()._meta.model_name)).column
    permission = (
        f"(SELECT p.id FROM {quote(Permission._meta.db_table)} p"  # noqa: S608  names of our own tables
        f" JOIN {quote(ContentType._meta.db_table)} c ON c.id = p.content_type_id"
        f" WHERE p.codename = %s AND c.app_label = %s AND c.model = %s)"
    )
    groups = (
        f"(SELECT m.group_id FROM {quote(membership.db_table)} m"  # noqa: S608
        f" WHERE m.{quote(member)} = %s)"
    )
    holders = (f"g.{quote('user_id')} = %s", f"g.{quote('group_id')} IN {groups}")
    probes = []
    for grants, holder in zip(tables, holders, strict=True):
        found = (
            f"SELECT 1 FROM {quote(grants._meta.db_table)} g WHERE g.content_object_id = {{key}}"  # noqa: S608
            f" AND g.permission_id = {permission} AND {holder} LIMIT 1"
        )
        probes.append(
            f"(SELECT COUNT(*) FROM ({found}) granted) > 0" if vendor == "postgresql" else f"EXISTS ({found})"  # noqa: S608
        )
    return f"({' OR '.join(probes)})"
