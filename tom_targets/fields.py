"""Fields of serializers that point at targets which the person asking may see."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from tom_targets.permissions import targets_for_user

MAX_KEY = 2**63 - 1


class TargetFilteredPrimaryKeyRelatedField(serializers.PrimaryKeyRelatedField):
    """The key of a target; to those who may not see the target it does not exist.

    Without a request in the context of the serializer every target exists.
    """

    def get_queryset(self) -> QuerySet:
        """Return the targets to choose from."""
        queryset: Any = super().get_queryset()
        request = self.context.get("request")
        return queryset if request is None else targets_for_user(request.user, queryset, "view_target")

    def to_internal_value(self, data: Any) -> Any:
        """Return the target of a key."""
        if isinstance(data, bool | float):
            self.fail("incorrect_type", data_type=type(data).__name__)
        text = str(data)
        if len(text) > len(str(MAX_KEY)):
            self.fail("does_not_exist", pk_value=text[:30])
        return super().to_internal_value(data)
