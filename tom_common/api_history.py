"""REST API of the history: change sets, what is in them, and undoing. Registered in ``urls``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from tom_common.api_docs import ApiDoc, query_parameter
from tom_common.api_fields import as_utc_text
from tom_common.api_pagination import list_schema
from tom_common.api_views import ApiMixin
from tom_common.forms.history import ChangeFilterForm
from tom_common.history import RevertRefusedError
from tom_common.history.models import KINDS, Change, ChangeSet
from tom_common.history.revert import RevertPlan, plan_revert
from tom_common.history.selectors import changes_in, visible_change_sets
from tom_common.history.services import undo
from tom_common.history.telling import ToldSet, tell
from tom_common.history.words import ChangeLine, change_lines

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "nullable": True}
_KEY = {"type": "integer", "nullable": True}
_TIME = {"type": "string", "format": "date-time"}
CHANGE_SET = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "kind": {"type": "string", "description": "Such as `edit`, `import`, `merge`, `revert`."},
        "title": _TEXT,
        "reason": {**_TEXT, "description": "In the author's words."},
        "author": {**_TEXT, "description": "User name at that time; empty for a program."},
        "origin": {**_TEXT, "description": "`page`, `api`, `job` or `command`."},
        "state": {"type": "string", "enum": list(ChangeSet.State.values)},
        "created_at": _TIME,
        "subject_count": {**_COUNT, "description": "Targets and lists touched."},
        "change_count": _COUNT,
        "is_partial": {
            "type": "boolean",
            "description": "Not all of it may be seen: `title` is its kind, reason and counts are left out.",
        },
        "reverted_by": {**_KEY, "description": "The change set that undid it."},
        "reverts": {**_KEY, "description": "The change set that it undid."},
        "job": {**_KEY, "description": "Key of the job that made it."},
    },
}
CHANGE = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "change_set": {"type": "integer"},
        "author": _TEXT,
        "at": _TIME,
        "action": {"type": "string", "enum": list(Change.Action.values)},
        "model": {**_TEXT, "description": "For example `tom_targets.targetname`."},
        "object": {**_KEY, "description": "Key of the row; of the list for a place on one."},
        "rows": {"type": "integer", "description": "How many rows came or went."},
        "subject": {
            "type": "object",
            "properties": {"type": _TEXT, "id": _KEY, "name": _TEXT},
            "description": "The target, or list, that the row belongs to.",
        },
        "what": {**_TEXT, "description": "In words."},
        "values": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "label": _TEXT,
                    "before": {**_TEXT, "nullable": True},
                    "after": {**_TEXT, "nullable": True},
                },
            },
        },
    },
}
_REASON = {
    "type": "object",
    "properties": {
        "text": _TEXT,
        "change_set": {**_KEY, "description": "The later change set that is in the way."},
    },
}
PLAN = {
    "type": "object",
    "properties": {
        "possible": {"type": "boolean"},
        "reasons": {"type": "array", "items": _REASON, "description": "Why it cannot be undone."},
        "effects": {"type": "array", "items": _TEXT, "description": "What would happen."},
        "checked": {"type": "boolean", "description": "False for a long one, which a job checks."},
        "for_good": {"type": "boolean", "description": "New targets are too many for the trash."},
    },
}
REVERTED = {
    "type": "object",
    "properties": {"change_set": _KEY, "job": _KEY, "message": _TEXT},
}
_WHY = {"type": "object", "properties": {"reason": {**_TEXT, "description": "Shown in the history."}}}


def change_set_json(told: ToldSet) -> dict[str, Any]:
    """Return a change set as the API tells it."""
    found = told.change_set
    return {
        "id": found.pk,
        "kind": found.kind,
        "title": told.title,
        "reason": told.reason,
        "author": found.author_name,
        "origin": found.origin,
        "state": found.state,
        "created_at": as_utc_text(found.created_at),
        "subject_count": told.subject_count,
        "change_count": told.change_count,
        "is_partial": told.is_partial,
        "reverted_by": found.reverted_by_id,
        "reverts": getattr(getattr(found, "reverts", None), "pk", None),
        "job": found.job_id,
    }


def change_json(line: ChangeLine, author: str) -> dict[str, Any]:
    """Return one change as the API tells it."""
    change = line.change
    return {
        "id": change.pk,
        "change_set": change.change_set_id,
        "author": author,
        "at": as_utc_text(change.at),
        "action": change.action,
        "model": change.model_label,
        "object": change.object_pk,
        "rows": change.row_count,
        "subject": {"type": change.subject_type, "id": change.subject_id, "name": line.subject},
        "what": line.what,
        "values": [
            {"label": value.label, "before": value.before, "after": value.after} for value in line.values
        ],
    }


def changes_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return changes, loaded with their change sets, as the API tells them."""
    return [change_json(line, line.change.change_set.author_name) for line in change_lines(changes)]


def _plan_json(plan: RevertPlan, user: Any) -> dict[str, Any]:
    later = [item.later.pk for item in plan.obstacles if item.later is not None]
    known = set(visible_change_sets(user).filter(pk__in=later).values_list("pk", flat=True)) if later else ()
    reasons = [
        {
            "text": item.text,
            "change_set": item.later.pk if item.later is not None and item.later.pk in known else None,
        }
        for item in plan.obstacles
    ]
    return {
        "possible": plan.is_possible,
        "reasons": reasons,
        "effects": plan.effects,
        "checked": plan.is_checked,
        "for_good": plan.is_for_good,
    }


class ChangeSetViewSet(ApiMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Change sets of which you may see something."""

    queryset = ChangeSet.objects.order_by("-pk")
    permission_classes = (IsAuthenticated,)
    filter_backends = ()
    api_docs = {
        "list": ApiDoc(
            "List change sets",
            "What was changed in one go, newest first: of what you may see, and your own.",
            responses={200: CHANGE_SET},
            parameters=[
                query_parameter("kind", "Of this kind.", {"type": "string", "enum": list(KINDS)}),
                query_parameter("author", "A user name, or a part of one.", _TEXT),
                query_parameter("since", "From this day on (UTC).", {"type": "string", "format": "date"}),
                query_parameter("until", "Up to this day (UTC).", {"type": "string", "format": "date"}),
                query_parameter("target", "Key of a target that it touched.", {"type": "integer"}),
                query_parameter("state", "", {"type": "string", "enum": list(ChangeSet.State.values)}),
            ],
        ),
        "retrieve": ApiDoc("Get a change set", responses={200: CHANGE_SET}),
        "changes": ApiDoc(
            "List the changes of a change set",
            "Those that you may see, in the order in which they were made.",
            responses={200: list_schema(CHANGE)},
            errors=[400, 404],
        ),
        "revert": ApiDoc(
            "Say what undoing a change set would do",
            "And why it cannot be undone, where it cannot.",
            responses={200: PLAN},
            errors=[404],
        ),
        "do_revert": ApiDoc(
            "Undo a change set",
            "All of it or nothing; by its author or the staff. The undoing is a change set that can be "
            "undone in turn. A long one is undone in a job. Status 409 tells the `reasons` why it cannot be.",
            request={"application/json": _WHY},
            responses={200: REVERTED, 202: REVERTED},
            errors=[400, 404, 409, 413, 415],
        ),
    }

    def get_queryset(self):
        return visible_change_sets(self.request.user).order_by("-pk")

    def get_object(self):
        found = self.get_queryset().filter(pk=int(self.kwargs["pk"])).first()
        if found is None:
            raise NotFound("No ChangeSet matches the given query.")
        return found

    def list(self, request, *args, **kwargs):
        form = ChangeFilterForm(request.query_params)
        if not form.is_valid():
            raise ValidationError(form.errors)
        rows = visible_change_sets(request.user, form.cleaned_data).order_by("-pk")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response([change_set_json(told) for told in tell(request.user, page)])

    def retrieve(self, request, *args, **kwargs):
        return Response(change_set_json(tell(request.user, [self.get_object()], thorough=True)[0]))

    @action(detail=True, pagination_class=ApiMixin.pagination_class)
    def changes(self, request, *args, **kwargs):
        rows = changes_in(request.user, self.get_object()).select_related("change_set").order_by("pk")
        return self.get_paginated_response(changes_json(self.paginate_queryset(rows)))

    @action(detail=True, pagination_class=None)
    def revert(self, request, *args, **kwargs):
        return Response(_plan_json(plan_revert(self.get_object(), request.user), request.user))

    @revert.mapping.post
    def do_revert(self, request, *args, **kwargs):
        found, user = self.get_object(), request.user
        why = request.data.get("reason", "") if isinstance(request.data, dict) else None
        if not isinstance(why, str) or "\x00" in why:
            raise ValidationError({"reason": ["Not a text."]})
        try:
            undone = undo(found, user, reason=why.strip())
        except RevertRefusedError as error:
            plan = _plan_json(plan_revert(ChangeSet.objects.get(pk=found.pk), user), user)
            reasons = plan["reasons"] or [{"text": str(error), "change_set": None}]
            refusal = {"detail": f"Nothing was undone. {error}", "reasons": reasons}
            return Response(refusal, status.HTTP_409_CONFLICT)
        if undone.job is not None:
            where = reverse("job-detail", args=[undone.job.pk])
            answer = {"job": undone.job.pk, "change_set": None, "message": f"It is undone in a job: {where}"}
            return Response(answer, status.HTTP_202_ACCEPTED)
        made = undone.change_set
        if made is None:
            return Response({"change_set": None, "job": None, "message": "There was nothing left to undo."})
        return Response({"change_set": made.pk, "job": None, "message": "Undone."})
