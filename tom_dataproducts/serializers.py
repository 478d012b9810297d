"""Files and measurements as the REST API shows and takes them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.urls import NoReverseMatch, reverse
from rest_framework import serializers

from tom_common.api_fields import PlainJSONField, UtcDateTimeField
from tom_common.serializers import GroupSerializer
from tom_dataproducts import conf
from tom_dataproducts.datum_reading import MAX_KEY
from tom_dataproducts.datum_shape import TABLES, datum_as_dict
from tom_dataproducts.models import DataProduct, DataProductGroup
from tom_observations.models import ObservationRecord
from tom_targets.fields import TargetFilteredPrimaryKeyRelatedField
from tom_targets.models import Target


class ReducedDatumSerializer(serializers.Serializer):
    """A measurement of any of the four tables; ``tom_dataproducts.datum_reading`` reads it."""

    id = serializers.IntegerField(read_only=True)
    data_product = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MAX_KEY)
    data_type = serializers.CharField(
        max_length=100, help_text="photometry, spectroscopy, astrometry, or another word."
    )
    source_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    source_location = serializers.CharField(max_length=200, required=False, allow_blank=True)
    timestamp = UtcDateTimeField(required=False, help_text="ISO 8601; UTC unless it says otherwise.")
    value = PlainJSONField(
        required=False,
        help_text="What was measured. Photometry: magnitude (or brightness) and error, or limit; filter (or"
        " bandpass), unit, telescope, instrument. Spectroscopy: flux, wavelength, error, flux_unit,"
        " wavelength_unit. Astrometry: ra, dec, ra_error, dec_error.",
    )
    target = serializers.IntegerField(min_value=0, max_value=MAX_KEY, help_text="Key of the target.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return datum_as_dict(instance)


class DataProductGroupSerializer(serializers.ModelSerializer):
    class Meta:
        model = DataProductGroup
        fields = ("id", "name")


class DataProductSerializer(serializers.ModelSerializer):
    """A file of a target, with what was measured from it."""

    target = TargetFilteredPrimaryKeyRelatedField(queryset=Target._default_manager.all())
    observation_record = serializers.PrimaryKeyRelatedField(
        queryset=ObservationRecord.objects.all(), required=False, allow_null=True
    )
    product_id = serializers.CharField(max_length=255, required=False, allow_null=True)
    data = serializers.FileField(  # type: ignore[assignment]
        allow_null=True, max_length=200, help_text="The file; a part named `file` is taken as well."
    )
    extra_data = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    data_product_type = serializers.CharField(max_length=50)
    groups = GroupSerializer(many=True, required=False, write_only=True)
    data_product_group = DataProductGroupSerializer(many=True, read_only=True, source="group")
    reduceddatum_set = ReducedDatumSerializer(many=True, read_only=True, required=False)

    class Meta:
        model = DataProduct
        fields: tuple[str, ...] = (
            "id",
            "product_id",
            "target",
            "observation_record",
            "data",
            "extra_data",
            "data_product_type",
            "groups",
            "data_product_group",
            "reduceddatum_set",
            "created",
        )

    max_points = 1000
    """Most measurements that are shown of one file."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = {
            "id": instance.pk,
            "product_id": instance.product_id,
            "target": instance.target_id,
            "observation_record": instance.observation_record_id,
            "data": self._address(instance),
            "extra_data": instance.extra_data,
            "data_product_type": instance.data_product_type,
            "data_product_group": [{"id": group.pk, "name": group.name} for group in instance.group.all()],
            "created": UtcDateTimeField().to_representation(instance.created),
        }
        if "reduceddatum_set" in self.Meta.fields:
            shown["reduceddatum_set"] = self._points(instance)
        return shown

    def _address(self, instance: Any) -> str | None:
        """Return where the file can be downloaded by those who may see it."""
        if not instance.data:
            return None
        try:
            path = reverse("api:dataproducts-download", args=[instance.pk])
        except NoReverseMatch:
            return None  # a project may leave the REST API out
        request = self.context.get("request")
        return path if request is None else request.build_absolute_uri(path)

    def _points(self, instance: Any) -> list[dict[str, Any]]:
        points: list[dict[str, Any]] = []
        for _, model in TABLES:
            missing = self.max_points - len(points)
            rows = model._default_manager.filter(data_product=instance.pk).order_by("pk")[:missing]
            points += [datum_as_dict(row) for row in rows]
        return points

    def validate_data(self, value: Any) -> Any:
        """Refuse to go without a file; only stored rows may lack one."""
        if value is None:
            self.fields["data"].fail("required")
        return value

    def validate_data_product_type(self, value: str) -> str:
        """Refuse a type that this TOM does not know."""
        types = conf.data_product_types()
        if value not in types:
            raise serializers.ValidationError(f"Unknown type {value!r}; there are {', '.join(types)}.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse an observation record of another target."""
        record = attrs.get("observation_record")
        if record is not None and record.target_id != attrs["target"].pk:
            raise DjangoValidationError(
                {"observation_record": ["This target has no observation record with that key."]}
            )
        return attrs


class ListedDataProductSerializer(DataProductSerializer):
    """A file of a target as lists show it: without its measurements, of which there may be very many."""

    class Meta(DataProductSerializer.Meta):
        fields = tuple(name for name in DataProductSerializer.Meta.fields if name != "reduceddatum_set")
