"""Statements on many rows at once that the ORM cannot write. Raw SQL; called by ``storing``."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.contrib.contenttypes.models import ContentType
from django.db import connections, router

from tom_targets.models import BaseTarget, Target

_GRANTS = {"user": "tom_targets_targetusergrant", "group": "tom_targets_targetgroupgrant"}
_KEYS = 10_000


def grant_on_new_targets(pks: Sequence[int], holder: str, holder_id: int, codenames: Sequence[str]) -> int:
    """Give a user or a group permissions on many targets on which it has none; return how many were stored.

    Leans on the unique index of content type and code name. Works on SQLite and PostgreSQL.

    Parameters
    ----------
    pks : sequence of int
        Keys of the targets.
    holder : str
        ``"user"`` or ``"group"``.
    holder_id : int
    codenames : sequence of str
        Permissions, without the app label.
    """
    connection = connections[router.db_for_write(BaseTarget)]
    content_type = ContentType.objects.db_manager(connection.alias).get_for_model(Target)
    places = ", ".join(["%s"] * len(codenames))
    is_postgres = connection.vendor == "postgresql"
    keys = "unnest(%s::bigint[]) AS t(value)" if is_postgres else "json_each(%s) AS t"
    stored = 0
    with connection.cursor() as cursor:
        for start in range(0, len(pks), _KEYS):
            chunk = list(pks[start : start + _KEYS])
            cursor.execute(
                f"INSERT INTO {_GRANTS[holder]} (permission_id, {holder}_id, content_object_id)"
                f" SELECT p.id, %s, t.value FROM {keys} CROSS JOIN auth_permission p"
                f" WHERE p.content_type_id = %s AND p.codename IN ({places})",
                [holder_id, chunk if is_postgres else json.dumps(chunk), content_type.pk, *codenames],
            )
            stored += cursor.rowcount
    return stored
