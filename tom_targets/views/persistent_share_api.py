"""Persistent shares for programs: list, get, make, end."""

from __future__ import annotations

from rest_framework import mixins, serializers, viewsets

from tom_common.api_views import ApiMixin
from tom_targets import persistent_shares
from tom_targets.models import PersistentShare
from tom_targets.persistent_sharing_serializers import PersistentShareSerializer


class PersistentShareViewSet(
    ApiMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """Persistent shares of the targets that you may change."""

    queryset = PersistentShare.objects.order_by("-pk")
    serializer_class = PersistentShareSerializer
    filter_backends = ()
    schema = None  # its addresses, given by the contract, do not lie under /api/, which OpenAPI describes

    def get_queryset(self):
        rows = persistent_shares.shares_for_user(self.request.user, super().get_queryset())
        if "target_pk" in self.kwargs:
            rows = rows.filter(target=self.kwargs["target_pk"])
        return rows

    def create(self, request, *args, **kwargs):
        self.must_be_known()
        return super().create(request, *args, **kwargs)

    def destroy(self, request, *args, **kwargs):
        self.must_be_known()
        return super().destroy(request, *args, **kwargs)

    def perform_create(self, serializer):
        target = serializer.validated_data["target"]
        if "target_pk" in self.kwargs and target.pk != self.kwargs["target_pk"]:
            raise serializers.ValidationError({"target": ["The address names another target."]})
        if not persistent_shares.may_share(self.request.user, target):
            self.refuse("You may see this target, but not share it.")
        serializer.save()
