"""What the REST API of a target says of its past, and of how one follows it. Part of ``TargetViewSet``."""

from __future__ import annotations

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from tom_common.api_docs import ApiDoc, query_parameter
from tom_common.api_history import CHANGE, changes_json
from tom_common.api_pagination import KeysetPagination, list_schema
from tom_common.history.selectors import changes_of
from tom_targets import conf, follow, history_page
from tom_targets.models import Target

_TEXT = {"type": "string"}
_OR_NONE = {"type": "string", "nullable": True}
AS_OF = {
    "type": "object",
    "properties": {
        "date": {"type": "string", "format": "date-time"},
        "exists": {"type": "boolean", "description": "Whether there was such a target at that time."},
        "note": {**_TEXT, "description": "What the history does not know."},
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "label": _TEXT,
                    "then": _OR_NONE,
                    "now": _OR_NONE,
                    "differs": {"type": "boolean"},
                },
            },
        },
    },
}
FAVOURITE = {"type": "object", "properties": {"favourite": {"type": "boolean"}}, "required": ["favourite"]}
STATUSES = {
    "type": "object",
    "properties": {
        "words": {"type": "array", "items": _TEXT, "description": "Those that may be said."},
        "teams": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "name": _TEXT, "word": _TEXT},
            },
            "description": "Your groups, each with its word; empty where it has said none.",
        },
    },
}
STATUS = {
    "type": "object",
    "properties": {
        "team": {
            "oneOf": [{"type": "integer"}, _TEXT],
            "description": "Key or name of one of your groups; may be left out where you have only one.",
        },
        "word": {**_TEXT, "description": "One of `words`, or empty to take it back."},
    },
    "required": ["word"],
}
API_DOCS = {
    "history": ApiDoc(
        "List the changes of a target",
        "Newest first: who changed what, when, from which value to which.",
        responses={200: list_schema(CHANGE)},
        errors=[400, 404],
    ),
    "as_of": ApiDoc(
        "Get a target as it was",
        "Beside what it is now. A date alone means the end of that day (UTC).",
        responses={200: AS_OF},
        parameters=[
            {
                **query_parameter("date", "Like 2026-11-21 or 2026-11-21T18:30 (UTC).", _TEXT),
                "required": True,
            }
        ],
        errors=[400, 404],
    ),
    "favourite": ApiDoc(
        "Tell whether a target is among your favourites", responses={200: FAVOURITE}, errors=[404]
    ),
    "add_favourite": ApiDoc(
        "Put a target among your favourites",
        "Nobody else sees it.",
        request={"application/json": {"type": "object"}},
        responses={200: FAVOURITE},
        errors=[400, 404],
    ),
    "remove_favourite": ApiDoc(
        "Take a target off your favourites", responses={204: "It is none of them."}, errors=[404]
    ),
    "status": ApiDoc("Get what your teams do with a target", responses={200: STATUSES}, errors=[404]),
    "set_status": ApiDoc(
        "Say what a team of yours does with a target",
        "To see the target is enough. The change stands in its history, for the team.",
        request={"application/json": STATUS},
        responses={200: STATUSES},
        errors=[400, 404, 413, 415],
    ),
}


class FollowingMixin:
    """Routes below a target: its history, what it was, favourite and status."""

    @action(detail=True, filter_backends=[], pagination_class=KeysetPagination)
    def history(self, request, *args, **kwargs):
        rows = changes_of(request.user, "target", self.visible().pk).order_by("-pk")
        return self.get_paginated_response(changes_json(self.paginate_queryset(rows)))

    @action(detail=True, url_path="as-of", filter_backends=[], pagination_class=None)
    def as_of(self, request, *args, **kwargs):
        target, typed = self.visible(), request.query_params.get("date", "")
        when = history_page.asked_time(typed)
        if when is None:
            raise serializers.ValidationError(
                {"date": ["Expected a date like 2026-11-21 or 2026-11-21T18:30."]}
            )
        when = min(when, timezone.now())
        try:
            found = history_page.target_at(target, when, request.user)
        except ValueError as error:
            raise serializers.ValidationError({"date": [str(error)]}) from error
        facts = [
            {"label": fact.label, "then": fact.then, "now": fact.now, "differs": fact.differs}
            for fact in found.facts
        ]
        return Response({"date": when, "exists": found.exists, "note": found.note, "facts": facts})

    @action(detail=True, filter_backends=[], pagination_class=None)
    def favourite(self, request, *args, **kwargs):
        self.must_be_known()
        is_one = bool(follow.favourites_among(request.user, [self.visible().pk]))
        return Response({"favourite": is_one})

    @favourite.mapping.put
    def add_favourite(self, request, *args, **kwargs):
        self.must_be_known()
        follow.set_favourite(self._row(), request.user, is_favourite=True)
        return Response({"favourite": True})

    @favourite.mapping.delete
    def remove_favourite(self, request, *args, **kwargs):
        self.must_be_known()
        follow.set_favourite(self._row(), request.user, is_favourite=False)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, filter_backends=[], pagination_class=None)
    def status(self, request, *args, **kwargs):
        self.must_be_known()
        return self._statuses(self.visible())

    @status.mapping.put
    def set_status(self, request, *args, **kwargs):
        self.must_be_known()
        rows = self._row()
        body = request.data if isinstance(request.data, dict) else {}
        word = body.get("word")
        if not isinstance(word, str):
            raise serializers.ValidationError({"word": ["Expected a word, or an empty text."]})
        try:
            follow.set_status(rows, self._team(body.get("team")), word, user=request.user)
        except ValueError as error:
            raise serializers.ValidationError({"word": [str(error)]}) from error
        return self._statuses(self.visible())

    def visible(self):
        """Return the target of the address, which the person asking may at least see."""
        return self.get_object_for("view_target")

    def _row(self):
        return Target.objects.filter(pk=self.visible().pk)

    def _team(self, wanted):
        teams = list(follow.teams_of(self.request.user))
        if wanted in (None, "") and len(teams) == 1:
            return teams[0]
        for team in teams:
            if str(wanted) in (str(team.pk), team.name):
                return team
        names = ", ".join(f"{team.pk} ({team.name})" for team in teams) or "none"
        raise serializers.ValidationError({"team": [f"Expected one of your groups: {names}."]})

    def _statuses(self, target):
        found = follow.following_of(self.request.user, target)
        teams = [{"id": team.pk, "name": team.name, "word": team.word} for team in found.teams]
        return Response({"words": conf.target_statuses(), "teams": teams})
