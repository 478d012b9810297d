"""The REST API of classifications."""

from __future__ import annotations

import django_filters
from django_filters.rest_framework import FilterSet
from rest_framework import mixins, serializers, viewsets

from tom_common.api_docs import ApiDoc
from tom_common.api_views import ApiMixin
from tom_dataservices.models import ObjectClassification
from tom_dataservices.permissions import classifications_for_user


class ClassificationSerializer(serializers.ModelSerializer):
    """A classification as it is stored."""

    class Meta:
        model = ObjectClassification
        fields = (
            "id",
            "target",
            "service",
            "classifier",
            "version",
            "class_name",
            "probability",
            "seen_at",
            "created",
        )


class ClassificationFilter(FilterSet):
    """Narrows the list of classifications."""

    seen_after = django_filters.IsoDateTimeFilter(field_name="seen_at", lookup_expr="gte")
    seen_before = django_filters.IsoDateTimeFilter(field_name="seen_at", lookup_expr="lte")
    min_probability = django_filters.NumberFilter(field_name="probability", lookup_expr="gte")
    target = django_filters.NumberFilter(field_name="target_id")

    class Meta:
        model = ObjectClassification
        fields = ("service", "classifier", "version", "class_name")


class ClassificationViewSet(
    ApiMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet
):
    """What brokers took the targets for that you may see, over time."""

    queryset = ObjectClassification.objects.order_by("-pk")
    serializer_class = ClassificationSerializer
    filterset_class = ClassificationFilter
    api_docs = {
        "list": ApiDoc(
            "List classifications", "What brokers took targets for; a row is kept where the answer changed."
        ),
        "retrieve": ApiDoc("Get a classification"),
    }

    def get_queryset(self):
        rows = ObjectClassification.objects.all()
        return classifications_for_user(self.request.user, rows).order_by("-pk")
