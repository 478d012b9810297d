"""Filters and candidates as the REST API shows and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from tom_alerts.expressions import ExpressionError, compiled
from tom_alerts.filter_models import AlertFilter, Candidate, Watchlist
from tom_alerts.permissions import shared_for_user
from tom_alerts.webhooks import why_refused
from tom_targets.models import Target, TargetList
from tom_targets.permissions import may_create_targets, target_lists_for_user
from tom_targets.selectors import groups_to_share_with


class AlertFilterSerializer(serializers.ModelSerializer):
    """A filter; what is chosen has to be open to whoever asks."""

    owner = serializers.CharField(source="user.username", read_only=True)
    is_on = serializers.BooleanField(read_only=True)
    permissions = serializers.ChoiceField(choices=Target.Permissions.choices, required=False)
    webhook_secret = serializers.CharField(write_only=True, required=False, allow_blank=True, max_length=500)

    class Meta:
        model = AlertFilter
        fields = (
            "id", "name", "owner", "groups", "expression", "survey", "watchlist", "is_on", "max_per_hour",
            "left_out", "problem", "makes", "permissions", "target_groups", "target_list", "note_key", "note",
            "tells", "mails", "tells_groups", "digest", "webhook_url", "webhook_secret", "created",
            "modified",
        )  # fmt: skip
        read_only_fields = ("left_out", "problem")
        extra_kwargs = {"groups": {"required": False}, "target_groups": {"required": False}}

    def get_fields(self) -> dict[str, Any]:
        """Offer the groups, lists and watchlists of whoever asks."""
        fields: dict[str, Any] = super().get_fields()
        user = self.context["request"].user if "request" in self.context else None
        if user is None or not user.is_authenticated:
            return fields
        for name in ("groups", "target_groups"):
            fields[name].child_relation.queryset = groups_to_share_with(user)
        fields["watchlist"].queryset = shared_for_user(user, Watchlist.objects.all())
        lists = target_lists_for_user(user, TargetList.objects.all(), "change_targetlist")
        fields["target_list"].queryset = lists
        return fields

    def validate_expression(self, text: str) -> str:
        """Refuse an expression that cannot be read, with the place."""
        try:
            compiled(text)
        except ExpressionError as error:
            raise serializers.ValidationError(str(error)) from error
        return text

    def validate_webhook_url(self, url: str) -> str:
        """Refuse an address to which nothing may be sent."""
        if url and (refused := why_refused(url)):
            raise serializers.ValidationError(refused)
        return url

    def validate_makes(self, makes: str) -> str:
        """Refuse to make targets for somebody who may not."""
        if makes == AlertFilter.Makes.TARGET and not may_create_targets(self.context["request"].user):
            raise serializers.ValidationError("You may not make targets.")
        return makes

    def update(self, instance: AlertFilter, validated_data: dict[str, Any]) -> AlertFilter:
        """Store changes; a filter that would let other alerts through is off until it was tried again."""
        before = instance.mark()
        changed = super().update(instance, validated_data)
        if changed.is_on and changed.mark() != before:
            changed.is_on = False
            changed.save(update_fields=["is_on"])
        return changed


class CandidateSerializer(serializers.ModelSerializer):
    """What a filter let through."""

    filter = serializers.IntegerField(source="alert_filter_id", read_only=True)
    ra_deg = serializers.FloatField(source="ra", read_only=True)
    dec_deg = serializers.FloatField(source="dec", read_only=True)
    mjd_utc = serializers.FloatField(source="mjd", read_only=True)
    decided_by = serializers.CharField(source="decided_by.username", read_only=True, default=None)

    class Meta:
        model = Candidate
        fields = (
            "id", "filter", "survey", "name", "alert_id", "ra_deg", "dec_deg", "mjd_utc", "facts", "target",
            "state", "reason", "decided_by", "decided_at", "deferred_until", "created", "seen",
        )  # fmt: skip
        read_only_fields = fields


class DecisionSerializer(serializers.Serializer):
    """A decision about a candidate."""

    state = serializers.ChoiceField(choices=["saved", "rejected", "deferred"])
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    list = serializers.IntegerField(required=False, help_text="Key of the target list for a saved one.")
