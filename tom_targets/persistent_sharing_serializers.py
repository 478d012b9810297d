"""Persistent shares as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from tom_targets import persistent_shares
from tom_targets.fields import TargetFilteredPrimaryKeyRelatedField
from tom_targets.models import PersistentShare, Target
from tom_targets.sharing_port import sharing_gateway


class PersistentShareSerializer(serializers.ModelSerializer):
    """A persistent share; its user is who made it."""

    target = TargetFilteredPrimaryKeyRelatedField(queryset=Target._default_manager.all())
    share_existing_data = serializers.BooleanField(default=False, required=False, write_only=True)

    class Meta:
        model = PersistentShare
        fields = ("id", "target", "destination", "user", "created", "share_existing_data")
        read_only_fields = ("user", "created")

    def validate_destination(self, value: str) -> str:
        """Refuse a TOM that the settings do not have."""
        known = [key for key, _ in sharing_gateway().destinations()]
        if value not in known:
            raise serializers.ValidationError(
                f"DATA_SHARING has no TOM {value!r}; it has: {', '.join(known) or 'none'}."
            )
        return value

    def create(self, validated_data: dict[str, Any]) -> PersistentShare:
        """Make the share in the name of who asks."""
        return persistent_shares.make_share(
            target=validated_data["target"],
            destination=validated_data["destination"],
            user=self.context["request"].user,
            existing=validated_data.get("share_existing_data", False),
        )
