"""REST API of targets and what hangs on them."""

from __future__ import annotations

from hashlib import sha256

from django.db.models import ProtectedError
from django.utils import timezone
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.response import Response

from tom_common.api_docs import ApiDoc, OneOrMany, query_parameter
from tom_common.api_pagination import KeysetPagination
from tom_common.api_views import ApiMixin
from tom_common.astro.time import datetime_to_mjd_utc, parse_mjd_utc
from tom_targets import bulk_creation, selectors, target_files
from tom_targets.api_following import API_DOCS, FollowingMixin
from tom_targets.bulk_creation import ALL_OR_NOTHING, MAX_ROWS, MODES
from tom_targets.filters import TargetFilterSet
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList, TargetName
from tom_targets.permissions import may_create_targets, target_lists_for_user, targets_for_user
from tom_targets.ports import observing_desk
from tom_targets.positions import position_at, site_with_code
from tom_targets.serializers import (
    TargetExtraSerializer,
    TargetListSerializer,
    TargetNameSerializer,
    TargetSerializer,
)
from tom_targets.trash import move_to_trash

NO_TARGET = "No Target matches the given query."


class InTheWayError(APIException):
    """Other rows forbid what was asked."""

    status_code = status.HTTP_409_CONFLICT


class TargetPagination(KeysetPagination):
    """Keeps an estimated count for a minute, as the page of targets does."""

    def count_of(self, queryset, request):
        asked = {name: request.query_params.getlist(name) for name in sorted(request.query_params)}
        for name in (self.limit_param, self.offset_param, self.cursor_param):
            asked.pop(name, None)
        digest = sha256(repr(asked).encode(errors="replace")).hexdigest()
        return selectors.cached_count(queryset, f"tom_targets.api_count.{request.user.pk or 0}.{digest}")


BULK_RESULT = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "created": {"type": "integer", "description": "How many rows were stored."},
        "rejected": {"type": "integer", "description": "How many rows were wrong."},
        "results": {
            "type": "array",
            "description": "Key and name of each row that was stored, and what is wrong with each other.",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer", "description": "Place of the row in the list, from 0."},
                    "id": {"type": "integer"},
                    "name": {"type": "string"},
                    "errors": {"oneOf": [{"type": "object"}, {"type": "array", "items": {}}]},
                },
                "required": ["index"],
            },
        },
    },
    "required": ["message", "created", "rejected", "results"],
}
TARGET_WITH_MESSAGE = {
    "allOf": [
        {"$ref": "#/components/schemas/Target"},
        {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]},
    ]
}
MODE = query_parameter(
    "mode",
    "For a list: store all rows or none, or those that are right.",
    {"type": "string", "enum": list(MODES), "default": ALL_OR_NOTHING},
)
FORMAT = query_parameter(
    "format",
    "Instead of a page, all targets that the filters find, as a file.",
    {"type": "string", "enum": ["json", "api", *target_files.FORMATS], "default": "json"},
)
LIST = "The targets that you may see, newest first; or all that the filters find as a file, oldest first."
CREATE = f"""
The creator and the `groups` named may see, change and delete the target. Extra fields whose key is the name
of a field of the target are dropped.

A list of up to {MAX_ROWS:,} targets is stored at once. With `mode=all_or_nothing` one wrong row and nothing
is stored; with `mode=best_effort` the others are. The answer then has one entry per row.
"""
CHANGE = """
What is not sent stays. Aliases and extra fields with an `id` change that row; others are added. The target is
put on the `target_lists`, and the `groups` gain access to it.
"""


class TargetViewSet(FollowingMixin, ApiMixin, viewsets.ModelViewSet):
    """Targets that you may see."""

    queryset = Target.objects.order_by("-pk")
    serializer_class = TargetSerializer
    filterset_class = TargetFilterSet
    pagination_class = TargetPagination
    api_docs = {
        **API_DOCS,
        "list": ApiDoc("List targets", LIST, parameters=[FORMAT], or_file=True),
        "retrieve": ApiDoc("Get a target"),
        "create": ApiDoc(
            "Create a target, or many",
            CREATE,
            request=OneOrMany(TargetSerializer),
            responses={201: {"oneOf": [TARGET_WITH_MESSAGE, BULK_RESULT]}},
            parameters=[MODE],
        ),
        "update": ApiDoc("Change a target", CHANGE, responses={200: TARGET_WITH_MESSAGE}),
        "partial_update": ApiDoc("Change some of a target", CHANGE, responses={200: TARGET_WITH_MESSAGE}),
        "position": ApiDoc(
            "Get the position of a target at a time",
            "With proper motion and parallax, or on an orbit with light-time; `accuracy` says how exact.",
            responses={200: {"type": "object", "additionalProperties": True}},
            parameters=[
                query_parameter("date", "ISO (UTC), MJD or JD; now by default.", {"type": "string"}),
                query_parameter(
                    "site",
                    "Code of a site (`/api/sites/`); by default the centre of the Earth.",
                    {"type": "string"},
                ),
            ],
            errors=[400, 404, 409],
        ),
        "destroy": ApiDoc(
            "Delete a target",
            "It can be brought back for a while, on the page of deleted targets.",
            errors=[409],
        ),
    }
    target_actions = {"PUT": "change_target", "PATCH": "change_target", "DELETE": "delete_target"}

    def get_queryset(self):
        return selectors.visible_targets(self.request.user).order_by("-pk")

    def perform_content_negotiation(self, request, force=False):
        """Let a list be asked for in a format of exports, which is no renderer of a page."""
        if self.action == "list" and request.query_params.get("format") in target_files.FORMATS:
            renderer = self.get_renderers()[0]
            return renderer, renderer.media_type
        return super().perform_content_negotiation(request, force)

    def list(self, request, *args, **kwargs):
        kind = request.query_params.get("format")
        if kind in target_files.FORMATS:
            return target_files.stream(self.filter_queryset(self.get_queryset()), kind, user=request.user)
        return super().list(request, *args, **kwargs)

    def get_object(self):
        return self.get_object_for(self.target_actions.get(self.request.method, "view_target"))

    def get_object_for(self, action):
        """Return the target of the address to a person who may do something with it."""
        user, rows = self.request.user, Target.objects.filter(pk=int(self.kwargs["pk"]))
        target = targets_for_user(user, rows, action).first()
        if target is not None:
            return target
        if action != "view_target" and targets_for_user(user, rows, "view_target").exists():
            self.refuse("You may see this target, but not do this with it.")
        raise NotFound(NO_TARGET)

    def create(self, request, *args, **kwargs):
        self.must_be_known()
        if not may_create_targets(request.user, asked_alone=True):
            self.refuse("You may not add targets.")
        if isinstance(request.data, list):
            return self.create_many(request)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        answer = {**serializer.data, "message": "Target successfully uploaded."}
        return Response(answer, status.HTTP_201_CREATED)

    def create_many(self, request):
        mode = request.query_params.get("mode", ALL_OR_NOTHING)
        if mode not in MODES:
            raise serializers.ValidationError({"mode": [f"Expected one of {', '.join(MODES)}."]})
        if len(request.data) > MAX_ROWS:
            raise serializers.ValidationError(
                f"{len(request.data):,} targets in one request; at most {MAX_ROWS:,}."
            )
        result = bulk_creation.create_targets(request.data, context=self.get_serializer_context(), mode=mode)
        created, rejected = len(result.created), len(result.errors)
        code = status.HTTP_201_CREATED if created else status.HTTP_400_BAD_REQUEST
        answer = {
            "message": f"{created} targets created, {rejected} rejected.",
            "created": created,
            "rejected": rejected,
            "results": result.as_rows(),
        }
        return Response(answer, code)

    @action(detail=True, url_path="position", filter_backends=[], pagination_class=None)
    def position(self, request, *args, **kwargs):
        asked = request.query_params
        try:
            mjd_utc = (
                parse_mjd_utc(asked["date"]) if asked.get("date") else datetime_to_mjd_utc(timezone.now())
            )
        except ValueError as error:
            raise serializers.ValidationError({"date": [str(error)]}) from error
        try:
            site = site_with_code(observing_desk().sites(request.user), asked.get("site", ""))
        except ValueError as error:
            raise serializers.ValidationError({"site": [str(error)]}) from error
        try:
            found = position_at(self.get_object(), mjd_utc=mjd_utc, site=site)
        except ValueError as error:
            raise serializers.ValidationError({"date": [str(error)]}) from error
        if found is None:
            raise InTheWayError("This target has no position, or not the elements that its scheme needs.")
        return Response(found.as_json())

    def update(self, request, *args, **kwargs):
        self.must_be_known()
        response = super().update(request, *args, **kwargs)
        response.data = {**response.data, "message": "Target successfully updated."}
        return response

    def destroy(self, request, *args, **kwargs):
        self.must_be_known()
        target = self.get_object()
        try:
            move_to_trash(target, user=request.user)
        except BaseTarget.DoesNotExist:
            raise NotFound(NO_TARGET) from None
        except ProtectedError as error:
            raise InTheWayError(str(error.args[0])) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


class PartOfTargetViewSet(
    ApiMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet
):
    """Rows that hang on a target: who sees the target sees them, who may change it may delete them."""

    filter_backends = ()

    def destroy(self, request, *args, **kwargs):
        self.must_be_known()
        return super().destroy(request, *args, **kwargs)

    def get_object(self):
        user, rows = self.request.user, self.get_queryset().select_related("target")
        found = rows.filter(pk=self.kwargs["pk"]).first()
        name = rows.model.__name__
        targets = (
            Target._default_manager.filter(pk=found.target_id) if found else Target._default_manager.none()
        )
        if not targets_for_user(user, targets, "view_target").exists():
            raise NotFound(f"No {name} matches the given query.")
        if self.action == "destroy" and not targets_for_user(user, targets, "change_target").exists():
            self.refuse("You may see this target, but not change it.")
        return found


class TargetExtraViewSet(PartOfTargetViewSet):
    queryset = TargetExtra.objects.order_by("pk")
    serializer_class = TargetExtraSerializer
    api_docs = {
        "retrieve": ApiDoc("Get an extra field of a target"),
        "destroy": ApiDoc("Delete an extra field of a target"),
    }


class TargetNameViewSet(PartOfTargetViewSet):
    queryset = TargetName.objects.order_by("pk")
    serializer_class = TargetNameSerializer
    api_docs = {
        "retrieve": ApiDoc("Get an alias of a target"),
        "destroy": ApiDoc("Delete an alias of a target"),
    }


class TargetListViewSet(
    ApiMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet
):
    queryset = TargetList.objects.order_by("pk")
    serializer_class = TargetListSerializer
    filter_backends = ()
    api_docs = {
        "retrieve": ApiDoc("Get a target list", "Its targets: `/api/targets/?targetlist__name=<id>`."),
        "destroy": ApiDoc("Delete a target list", "Its targets stay."),
    }

    def destroy(self, request, *args, **kwargs):
        self.must_be_known()
        return super().destroy(request, *args, **kwargs)

    def get_object(self):
        user, rows = self.request.user, self.get_queryset().filter(pk=self.kwargs["pk"])
        found = target_lists_for_user(user, rows).first()
        if found is None:
            raise NotFound("No TargetList matches the given query.")
        if self.action == "destroy" and not target_lists_for_user(user, rows, "delete_targetlist").exists():
            self.refuse("You may see this list, but not delete it.")
        return found
