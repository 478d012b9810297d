"""Filters and candidates as the REST API shows and takes them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework import serializers

from tom_alerts.filter_models import AlertFilter, Candidate, Watchlist
from tom_alerts.filter_rules import keep_state, surveys_of, why_unusable
from tom_alerts.permissions import shared_for_user
from tom_alerts.webhooks import host_of
from tom_targets.models import Target, TargetList
from tom_targets.permissions import target_lists_for_user
from tom_targets.selectors import groups_to_share_with


class AlertFilterSerializer(serializers.ModelSerializer):
    """A filter; what is chosen has to be open to whoever asks."""

    owner = serializers.CharField(source="user.username", read_only=True)
    is_on = serializers.BooleanField(read_only=True)
    permissions = serializers.ChoiceField(choices=Target.Permissions.choices, required=False)
    webhook_url = serializers.URLField(required=False, allow_blank=True, max_length=500)
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
        """Offer the groups of whoever asks, the lists and watchlists of whose rights the filter has."""
        fields: dict[str, Any] = super().get_fields()
        one = self.instance if isinstance(self.instance, AlertFilter) else None
        choices = [(name, name) for name in surveys_of(one)]
        fields["survey"] = serializers.ChoiceField(choices, required=False, allow_blank=True)
        user = self.context["request"].user if "request" in self.context else None
        if user is None or not user.is_authenticated:
            return fields
        for name in ("groups", "target_groups"):
            fields[name].child_relation.queryset = groups_to_share_with(user)
        owner = one.user if one is not None else user
        fields["watchlist"].queryset = shared_for_user(owner, Watchlist.objects.all())
        lists = target_lists_for_user(owner, TargetList.objects.all(), "change_targetlist")
        fields["target_list"].queryset = lists
        return fields

    def to_representation(self, instance: AlertFilter) -> dict[str, Any]:
        """Show the filter; of the webhook those who may not change it see the host alone."""
        shown: dict[str, Any] = super().to_representation(instance)
        user = self.context["request"].user
        if not (user.is_superuser or user.pk == instance.user_id):
            shown["webhook_url"] = host_of(instance.webhook_url)
        return shown

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """Refuse what no filter may be, at its field; a note and its value may come one by one."""
        known = {name: getattr(self.instance, name, "") for name in ("note_key", "note")}
        user = self.context["request"].user
        wrong = why_unusable(
            {**known, **told}, owner=self.instance.user if self.instance else user, user=user
        )
        if wrong:
            raise serializers.ValidationError({name: [text] for name, text in wrong.items()})
        return told

    def update(self, instance: AlertFilter, validated_data: dict[str, Any]) -> AlertFilter:
        """Store changes; a filter that would let other alerts through is off until it was tried again."""
        for name in {"expression", "survey", "watchlist"} & set(validated_data):
            setattr(instance, name, validated_data[name])
        with transaction.atomic():
            keep_state(instance)
            return super().update(instance, validated_data)


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
