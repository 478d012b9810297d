"""How files come in by the REST API, and how they are read again; a part of the view of files."""

from __future__ import annotations

import json

from django.core.exceptions import TooManyFilesSent
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from tom_common.api_docs import ApiDoc
from tom_common.api_fields import is_clean
from tom_common.api_json import StrictJSONParser
from tom_common.file_uploads import limit_uploads, too_many_text
from tom_common.serializers import GroupSerializer
from tom_dataproducts import conf, readings
from tom_dataproducts.formats import FormatError, Mapping
from tom_dataproducts.models import DataUpload
from tom_dataproducts.processing import ALL_OR_NOTHING, ON_BAD_ROWS
from tom_dataproducts.receiving import KNOWN, REFUSED, Outcome, receive_file
from tom_dataproducts.snana_pairs import Plan, plans_for
from tom_dataproducts.upload_selectors import upload_of
from tom_dataproducts.uploads import TakenError, known_product, too_large_text
from tom_targets.models import Target
from tom_targets.permissions import may, targets_for_user
from tom_targets.target_parts import Groups

TAKEN = "A data product with this product_id exists already."
READING = {
    "type": "object",
    "description": "How the file was understood, and what became of its rows.",
    "properties": {
        "state": {"type": "string", "enum": list(DataUpload.State.values)},
        "sentence": {"type": "string"},
        "stored": {"type": "integer"},
        "already_there": {"type": "integer"},
        "bad_rows": {"type": "integer"},
        "errors": {
            "type": "array",
            "description": "The first thousand rows that are wrong.",
            "items": {
                "type": "object",
                "properties": {
                    "line": {"type": "integer"},
                    "column": {"type": "string"},
                    "value": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        },
        "mapping": {"type": "object", "description": "What columns and options are taken for."},
        "problems": {"type": "array", "items": {"type": "string"}, "description": "What was assumed."},
        "job": {"type": "object", "nullable": True, "description": "The job that reads a large file."},
    },
}
UPLOADED = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "already_exists": {
            "type": "boolean",
            "description": "True if it was there before.",
        },
        "reading": READING,
    },
    "required": ["message"],
}
SEVERAL = {
    "type": "object",
    "description": "The answer to several files: one entry for each, in their order.",
    "properties": {
        "message": {"type": "string"},
        "created": {"type": "integer"},
        "already_exists": {"type": "integer"},
        "rejected": {"type": "integer"},
        "results": {"type": "array", "items": {"type": "object"}},
    },
}
MAPPING_BODY = {
    "application/json": {
        "type": "object",
        "properties": {
            "mapping": {
                "type": "object",
                "description": "As `reading` shows it; by default as before, else as recognised.",
            },
            "on_bad_rows": {"type": "string", "enum": list(ON_BAD_ROWS), "default": ALL_OR_NOTHING},
        },
    }
}
CREATE_DOC = ApiDoc(
    "Upload a file, or several",
    "You have to be allowed to change the target. Send each file as `data` (or `file`, or `files`)."
    " Photometry and spectra are read at once, large files by a background job; a file that cannot be read is"
    " not kept, and the answer names its rows. With `preview=true` nothing is read: look at `reading`, then"
    " post to `/api/dataproducts/{id}/reading/`. `on_bad_rows=good_rows` stores the rows that are right."
    " A `product_id` that is known, or the same content for the same target, answers 200 with"
    " `already_exists`.",
    responses={
        201: {"oneOf": [{"allOf": [{"$ref": "#/components/schemas/DataProduct"}, UPLOADED]}, SEVERAL]},
        200: {"oneOf": [{"allOf": [{"$ref": "#/components/schemas/DataProduct"}, UPLOADED]}, SEVERAL]},
    },
)


def reading_as_dict(upload: DataUpload | None) -> dict | None:
    """Return what is known of the reading of a file, as the API shows it."""
    if upload is None:
        return None
    shown = {"state": upload.state, **upload.report, "sentence": upload.sentence()}
    shown |= {"errors": upload.problems, "mapping": upload.mapping, "job": None}
    if upload.job is not None:
        shown["job"] = {"id": upload.job.pk, "state": upload.job.state}
    return shown


class UploadMixin:
    """Takes files, and reads them again."""

    def initialize_request(self, request, *args, **kwargs):
        if request.method == "POST":
            self.limit = limit_uploads(request, conf.upload_max_bytes())
        return super().initialize_request(request, *args, **kwargs)

    def handle_exception(self, exc):
        if isinstance(exc, TooManyFilesSent):
            exc = serializers.ValidationError({"data": [too_many_text()]})
        return super().handle_exception(exc)

    def create(self, request, *args, **kwargs):
        self.must_be_known()
        files = [file for name in ("file", "data", "files") for file in request.FILES.getlist(name)]
        if self.limit.too_large and not files:
            raise serializers.ValidationError({"data": list(map(too_large_text, self.limit.too_large))})
        if len(files) + len(self.limit.too_large) > 1:
            return self.create_several(request, files)
        data = _form_of(request)
        if files:
            data.setlist("data", files)
        known = self.known(data)
        if known is not None:
            return Response(*self.shown(Outcome("", KNOWN, known)))
        outcome = self.take(data)
        if outcome.fate == REFUSED:
            return Response(self.refusal(outcome), status.HTTP_400_BAD_REQUEST)
        return Response(*self.shown(outcome))

    def create_several(self, request, files):
        results, statuses = [], []
        plans = self.plans(request, files)
        for place, file in enumerate(files):
            plan = plans.get(place, Plan())
            data = _form_of(request)
            data.pop("product_id", None)  # belongs to one file
            data.setlist("data", [file])
            if plan.mapping is not None:
                data["mapping"] = json.dumps(plan.mapping.as_json())
            entry, code = self.one_of_several(data, plan)
            results.append({"file": file.name, **entry})
            statuses.append(code)
        for name in self.limit.too_large:
            results.append({"file": name, "errors": {"data": [too_large_text(name)]}})
            statuses.append(status.HTTP_400_BAD_REQUEST)
        created, known = statuses.count(201), statuses.count(200)
        rejected = len(statuses) - created - known
        answer = {
            "message": f"{created} stored, {known} were there, {rejected} rejected.",
            "created": created,
            "already_exists": known,
            "rejected": rejected,
            "results": results,
        }
        return Response(answer, 201 if created else 200 if known else 400)

    def one_of_several(self, data, plan):
        """Take one file of many, and return its answer and status: what is wrong with it stops no other."""
        try:
            outcome = Outcome(plan.refusal, REFUSED) if plan.refusal else self.take(data, plan.type_choice)
        except serializers.ValidationError as error:
            return {"errors": error.detail}, status.HTTP_400_BAD_REQUEST
        if outcome.fate == REFUSED:
            return {"errors": self.refusal(outcome)}, status.HTTP_400_BAD_REQUEST
        return self.shown(outcome)

    def plans(self, request, files):
        """Return how files of SNANA that belong together are taken, if nobody said it."""
        key = str(request.data.get("target", ""))
        if request.data.get("mapping") or not (key.isascii() and key.isdecimal() and len(key) < 19):
            return {}
        rows = Target._default_manager.filter(pk=int(key))
        target = targets_for_user(request.user, rows, "view_target").first()
        return {} if target is None else plans_for(files, target)

    def known(self, data):
        """Return the file with the ``product_id`` of a form, if the user may see it."""
        product_id = data.get("product_id")
        # What no database keeps is left to the serializer, which refuses it.
        if not (isinstance(product_id, str) and is_clean(product_id)):
            return None
        try:
            return known_product(product_id, user=self.request.user)
        except TakenError:
            raise serializers.ValidationError({"product_id": [TAKEN]}) from None

    def take(self, data, type_choice=None):
        """Store one file and read it, unless a preview is asked for."""
        serializer = self.get_serializer(data=data)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        values.pop("groups", None)
        said = values.pop("data_product_type")
        if not may(self.request.user, "change_target", values["target"]):
            self.refuse("You may see this target, but not add data to it.")
        try:
            return receive_file(
                values.pop("data"),
                type_choice=said if type_choice is None else type_choice,
                values=values,
                at_once=not _is_true(data.get("preview")),
                accept_doubts=True,
                mapping=_mapping(data.get("mapping")),
                on_bad_rows=_mode(data.get("on_bad_rows")),
                user=self.request.user,
                groups=self.get_groups(data),
                keep_unread=False,
            )
        except TakenError:
            raise serializers.ValidationError({"product_id": [TAKEN]}) from None

    def refusal(self, outcome):
        """Return what is wrong with a file, with its rows."""
        rows = outcome.upload.problems if outcome.upload is not None else []
        return {"data": [outcome.text], **({"rows": rows} if rows else {})}

    def shown(self, outcome):
        """Return a file as it is answered, and the status."""
        product = outcome.product
        shown = {**self.get_serializer(product).data, "reading": self.reading_of(product)}
        if outcome.fate == KNOWN:
            text = "This file, or its product_id, is there already; nothing was changed."
            return {**shown, "already_exists": True, "message": text}, status.HTTP_200_OK
        return {**shown, "message": "Data product successfully uploaded."}, status.HTTP_201_CREATED

    def reading_of(self, product):
        """Return how a file was read; of one that waits also what was assumed."""
        upload = upload_of(product)
        shown = reading_as_dict(upload)
        if upload is not None and upload.state == DataUpload.State.WAITING:
            shown["problems"] = readings.problems_of(product)
            try:
                shown["url"] = self.request.build_absolute_uri(
                    reverse("api:dataproducts-reading", args=[product.pk])
                )
            except NoReverseMatch:
                pass  # a project may leave the REST API out
        return shown

    def get_groups(self, data):
        """Return the groups that a form names, as JSON text."""
        text = data.get("groups") or "[]"
        try:
            entries = GroupSerializer(data=json.loads(text), many=True)
            entries.is_valid(raise_exception=True)
            finder = Groups(self.request.user)
            return [finder.find(entry) for entry in entries.validated_data]
        except (ValueError, TypeError, RecursionError):
            raise serializers.ValidationError({"groups": ["Not valid JSON."]}) from None
        except DjangoValidationError as error:
            raise serializers.ValidationError({"groups": error.messages}) from error

    @action(detail=True, methods=["get", "post"], parser_classes=(StrictJSONParser, MultiPartParser))
    def reading(self, request, pk=None):
        product = self.get_object()
        if request.method == "GET":
            return Response(self.reading_of(product) or {"state": DataUpload.State.KEPT})
        self.must_be_known()
        if not product.may_change:
            self.refuse("You may see this file, but not change it.")
        if not isinstance(request.data, dict):
            raise serializers.ValidationError("An object is expected: mapping, on_bad_rows.")
        mapping, mode = _mapping(request.data.get("mapping")), _mode(request.data.get("on_bad_rows"))
        try:
            begun = readings.start_reading(product, mapping=mapping, on_bad_rows=mode, user=request.user)
        except FormatError as error:
            raise serializers.ValidationError(str(error)) from error
        shown = reading_as_dict(begun.upload)
        failed = begun.upload.state == DataUpload.State.FAILED
        return Response(shown, 400 if failed else 202 if begun.job is not None else 200)


def _form_of(request):
    """Return the fields of a form; its own copy would copy the files, of which those on disk have none."""
    form = QueryDict(mutable=True)
    for name, values in request.data.lists():
        form.setlist(name, values)
    return form


def _is_true(text):
    return str(text or "").lower() in ("1", "true", "yes", "on")


def _mode(text):
    if text in (None, ""):
        return ALL_OR_NOTHING
    if not isinstance(text, str) or text not in ON_BAD_ROWS:
        raise serializers.ValidationError({"on_bad_rows": [f"Expected one of {', '.join(ON_BAD_ROWS)}."]})
    return text


def _mapping(value):
    if value in (None, "", {}):
        return None
    try:
        return Mapping.from_json(json.loads(value) if isinstance(value, str) else value)
    except FormatError as error:
        raise serializers.ValidationError({"mapping": [str(error)]}) from error
    except (ValueError, RecursionError):
        raise serializers.ValidationError({"mapping": ["Not valid JSON."]}) from None
