"""Constraints of the tables of measurements."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage
from django.db import models


class UniqueWhere(models.UniqueConstraint):
    """A unique constraint whose condition only saves room: rows outside of it hold a NULL, and never clash.

    The index is smaller, and rows that are not in it are written faster. Where an engine knows no condition
    (MariaDB) the constraint is made without, and means the same.
    """

    def _get_condition_sql(self, model: type[models.Model], schema_editor: Any) -> str | None:
        if not schema_editor.connection.features.supports_partial_indexes:
            return None
        return super()._get_condition_sql(model, schema_editor)

    def check(self, model: type[models.Model], connection: Any) -> list[CheckMessage]:
        """Return what is wrong with it; that an engine knows no condition is not."""
        return [found for found in super().check(model, connection) if found.id != "models.W036"]
