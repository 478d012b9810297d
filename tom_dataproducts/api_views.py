"""REST API of files and measurements."""

from __future__ import annotations

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django_filters.utils import translate_validation
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.fields import get_error_detail
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from tom_common.api_docs import ApiDoc, OneOrMany, query_parameter
from tom_common.api_views import ApiMixin
from tom_dataproducts import services, views
from tom_dataproducts.api_uploads import CREATE_DOC, MAPPING_BODY, READING, UploadMixin
from tom_dataproducts.datum_pages import DatumPagination
from tom_dataproducts.datum_shape import tables_of
from tom_dataproducts.datum_writing import ALL_OR_NOTHING, MAX_ROWS, MODES, NotYours, store_data, store_datum
from tom_dataproducts.file_selectors import product_or_404
from tom_dataproducts.filters import DataProductFilter, ReducedDatumFilter
from tom_dataproducts.models import DataProduct, ReducedDatum
from tom_dataproducts.permissions import (
    data_products_for_user,
    reduced_data_for_user,
    rows_of_visible_target,
)
from tom_dataproducts.serializers import (
    DataProductSerializer,
    ListedDataProductSerializer,
    ReducedDatumSerializer,
)
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

STORED = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "already_exists": {
            "type": "boolean",
            "description": "True if it was stored before; nothing changed.",
        },
    },
    "required": ["message"],
}
NO_PRODUCT = "No DataProduct matches the given query."


def stored(component):
    """Return the schema of what was stored, with a message."""
    return {"allOf": [{"$ref": f"#/components/schemas/{component}"}, STORED]}


class DataProductViewSet(
    UploadMixin,
    ApiMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """Files of the targets that you may see."""

    queryset = DataProduct.objects.order_by("-pk")
    serializer_class = DataProductSerializer
    filterset_class = DataProductFilter
    parser_classes = (MultiPartParser,)
    api_docs = {
        "list": ApiDoc("List files", "The files that you may see, newest first, without their measurements."),
        "retrieve": ApiDoc(
            "Get a file", f"With up to {DataProductSerializer.max_points:,} measurements from it."
        ),
        "create": CREATE_DOC,
        "reading": ApiDoc(
            "How a file is read",
            "`GET` tells how it was understood; `POST` reads it. What came from it before is replaced.",
            request=MAPPING_BODY,
            responses={200: READING, 202: READING},
            errors=[400, 404, 415],
        ),
        "destroy": ApiDoc(
            "Delete a file",
            "What was measured from it goes, too. The change set can be reverted for"
            " `TOM_FILE_TRASH_DAYS` days; where these are 0, the file is gone at once.",
        ),
        "download": ApiDoc(
            "Download a file", responses={(200, "*/*"): {"type": "string", "format": "binary"}}, errors=[404]
        ),
    }

    def get_queryset(self):
        rows = data_products_for_user(self.request.user, DataProduct.objects.all())
        return rows.order_by("-pk").prefetch_related("group")

    def get_serializer_class(self):
        return ListedDataProductSerializer if self.action == "list" else DataProductSerializer

    def get_object(self):
        try:
            product = product_or_404(self.request.user, int(self.kwargs["pk"]))
        except Http404:
            raise NotFound(NO_PRODUCT) from None
        if self.action == "destroy" and not product.may_change:
            self.refuse("You may see this file, but not change it.")
        return product

    @action(detail=True)
    def download(self, request, pk=None):
        self.get_object()  # answers for what is hidden
        return views.sent_file(request._request, int(pk))

    def perform_destroy(self, instance):
        services.delete_data_product(instance, user=self.request.user)

    def destroy(self, request, *args, **kwargs):
        self.must_be_known()
        return super().destroy(request, *args, **kwargs)


BULK_RESULT = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "created": {"type": "integer", "description": "How many rows are new."},
        "already_exists": {"type": "integer", "description": "How many rows were stored before."},
        "rejected": {"type": "integer", "description": "How many rows were wrong."},
        "results": {
            "type": "array",
            "description": "What is wrong with each row that was rejected.",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer", "description": "Place of the row in the list, from 0."},
                    "errors": {"type": "object"},
                },
                "required": ["index", "errors"],
            },
        },
    },
    "required": ["message", "created", "already_exists", "rejected", "results"],
}
DATA_TYPE = query_parameter(
    "data_type",
    "Where several kinds of data have the key: which of them is meant.",
    {"type": "string"},
)
MODE = query_parameter(
    "mode",
    "For a list: store all rows or none, or those that are right.",
    {"type": "string", "enum": list(MODES), "default": ALL_OR_NOTHING},
)
CREATE = f"""
You have to be allowed to change the target. A measurement that is stored already is left as it is, and
answered with 200 and `already_exists`.

A list of up to {MAX_ROWS:,} measurements is stored at once. With `mode=all_or_nothing` one wrong row and
nothing is stored; with `mode=best_effort` the others are.
"""


class ReducedDatumViewSet(ApiMixin, viewsets.GenericViewSet):
    """Measurements of the targets that you may see: photometry, spectra, positions, and others."""

    queryset = ReducedDatum.objects.order_by("-pk")
    serializer_class = ReducedDatumSerializer
    filterset_class = ReducedDatumFilter
    pagination_class = DatumPagination
    api_docs = {
        "list": ApiDoc(
            "List measurements",
            "Photometry first, then spectra, positions and everything else; each newest first.",
        ),
        "retrieve": ApiDoc("Get a measurement", parameters=[DATA_TYPE], errors=[400]),
        "create": ApiDoc(
            "Store a measurement, or many",
            CREATE,
            request=OneOrMany(ReducedDatumSerializer),
            responses={
                201: {"oneOf": [stored("ReducedDatum"), BULK_RESULT]},
                200: {"oneOf": [stored("ReducedDatum"), BULK_RESULT]},
            },
            parameters=[MODE],
        ),
        "destroy": ApiDoc("Delete a measurement", parameters=[DATA_TYPE], errors=[400]),
    }

    def tables(self):
        """Return what the user may see of each table."""
        for model in tables_of(None):
            action = f"view_{model._meta.model_name}"
            yield reduced_data_for_user(self.request.user, model._default_manager.all(), action)

    def narrowed(self, rows, parameters):
        filterset = self.filterset_class(parameters, queryset=rows, request=self.request)
        if not filterset.is_valid():
            raise translate_validation(filterset.errors)
        return filterset.qs

    def tables_of_target(self, target_id):
        """Return the same for one target, about which one question is enough."""
        user = self.request.user
        seen = targets_for_user(user, Target._default_manager.filter(pk=target_id), "view_target").exists()
        for model in tables_of(None):
            rows = model._default_manager.filter(target=target_id)
            yield rows_of_visible_target(user, rows) if seen else rows.none()

    def list(self, request, *args, **kwargs):
        asked = request.query_params
        key = asked.get("target__id", "")
        one_target = key.isascii() and key.isdecimal() and len(key) < 19
        tables = self.tables_of_target(int(key)) if one_target else self.tables()
        parts = [self.narrowed(rows, asked) for rows in tables]
        rows = self.paginator.paginate_tables(parts, request, view=self)
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def retrieve(self, request, *args, **kwargs):
        return Response(self.get_serializer(self.get_object()).data)

    def create(self, request, *args, **kwargs):
        self.must_be_known()
        if isinstance(request.data, list):
            return self.create_many(request)
        data = request.data.dict() if hasattr(request.data, "dict") else request.data
        try:
            row, is_new = store_datum(data, user=request.user)
        except DjangoValidationError as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from error
        except NotYours as error:
            self.refuse(str(error))
        shown = self.get_serializer(row).data
        if is_new:
            return Response({**shown, "message": "Data stored."}, status.HTTP_201_CREATED)
        return Response({**shown, "already_exists": True, "message": "Data was stored before."})

    def create_many(self, request):
        mode = request.query_params.get("mode", ALL_OR_NOTHING)
        if mode not in MODES:
            raise serializers.ValidationError({"mode": [f"Expected one of {', '.join(MODES)}."]})
        if len(request.data) > MAX_ROWS:
            text = f"{len(request.data):,} measurements in one request; at most {MAX_ROWS:,}."
            raise serializers.ValidationError(text)
        try:
            result = store_data(request.data, user=request.user, mode=mode)
        except DjangoValidationError as error:
            raise serializers.ValidationError(get_error_detail(error)) from error
        rejected = len(result.errors)
        if result.created:
            code = status.HTTP_201_CREATED
        else:
            code = status.HTTP_200_OK if result.already_there else status.HTTP_400_BAD_REQUEST
        answer = {
            "message": f"{result.created} stored, {result.already_there} were there, {rejected} rejected.",
            "created": result.created,
            "already_exists": result.already_there,
            "rejected": rejected,
            "results": [{"index": index, "errors": result.errors[index]} for index in sorted(result.errors)],
        }
        return Response(answer, code)

    def destroy(self, request, *args, **kwargs):
        self.must_be_known()
        row = self.get_object()
        action = f"delete_{row._meta.model_name}"
        mine = reduced_data_for_user(request.user, type(row)._default_manager.filter(pk=row.pk), action)
        if not mine.exists():
            self.refuse("You may see this measurement, but not delete it.")
        row.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_object(self):
        pk = int(self.kwargs["pk"])
        wanted = self.request.query_params.get("data_type", "")
        found = []
        for rows in self.tables():
            found += self.narrowed(rows, {"data_type": wanted}).filter(pk=pk)
        if not found:
            raise NotFound("No ReducedDatum matches the given query.")
        if len(found) > 1:
            kinds = ", ".join(datum["data_type"] for datum in self.get_serializer(found, many=True).data)
            text = f"Several kinds of data have the key {pk}: {kinds}. Say which with ?data_type=."
            raise serializers.ValidationError({"data_type": [text]})
        return found[0]


def column(item, description):
    """Return the schema of a column of a light curve."""
    return {"type": "array", "items": item, "description": description}


NUMBER = {"type": "number", "nullable": True}
LIGHT_CURVE = {
    "type": "object",
    "required": ["target", "count", "bands", "sources", "versions", "points"],
    "properties": {
        "target": {"type": "string", "description": "Name of the target."},
        "count": {"type": "integer", "description": "Length of each column of `points`."},
        "bands": column({"type": "string"}, "Names of the bands."),
        "sources": column({"type": "string"}, "Names of the sources."),
        "versions": column({"type": "string"}, "Versions of the reduction."),
        "points": {
            "type": "object",
            "properties": {
                "mjd": column({"type": "number"}, "Time, MJD (UTC)."),
                "band": column({"type": "integer"}, "Place in `bands`."),
                "source": column({"type": "integer"}, "Place in `sources`."),
                "version": column({"type": "integer"}, "Place in `versions`."),
                "kind": column({"type": "integer"}, "0 detection, 1 limit, 2 forced photometry."),
                "mag": column(NUMBER, "Magnitude: as measured, or AB from a flux."),
                "mag_err": column(NUMBER, "Its 1-sigma error."),
                "limit": column(NUMBER, "Limiting magnitude."),
                "flux": column(NUMBER, "Flux density, nJy, signed."),
                "flux_err": column(NUMBER, "Its 1-sigma error."),
                "negative": column({"type": "integer"}, "1 if fainter than in the reference image."),
            },
        },
    },
}


class LightCurveViewSet(ApiMixin, viewsets.ViewSet):
    """The photometry of one target as columns: quicker, and of one form, where a list of rows is neither."""

    queryset = Target._default_manager.all()
    api_docs = {
        "retrieve": ApiDoc(
            "Get the light curve of a target",
            "All photometry of the target with this key, sorted by time, as columns.",
            responses={200: LIGHT_CURVE},
        )
    }

    def retrieve(self, request, pk=None):
        rows = Target._default_manager.filter(pk=int(pk))
        if not targets_for_user(request.user, rows, "view_target").exists():
            raise NotFound("No Target matches the given query.")
        return views.photometry_json(request._request, int(pk))
