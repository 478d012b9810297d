"""REST API of filters, their candidates, and decisions."""

from __future__ import annotations

from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from tom_alerts import filter_rules, filter_tests, triage
from tom_alerts.candidate_targets import CandidateError
from tom_alerts.filter_deletion import delete_filter
from tom_alerts.filter_models import AlertFilter, Candidate
from tom_alerts.permissions import candidates_for_user, shared_for_user
from tom_alerts.serializers import AlertFilterSerializer, CandidateSerializer, DecisionSerializer
from tom_common.api_docs import ApiDoc, query_parameter
from tom_common.api_views import ApiMixin
from tom_targets.models import TargetList
from tom_targets.permissions import target_lists_for_user

_TEST = {
    "type": "object",
    "properties": {
        "sampled": {"type": "integer"},
        "passed": {"type": "integer"},
        "finished": {"type": "string", "format": "date-time", "nullable": True},
        "error": {"type": "string"},
        "is_current": {"type": "boolean", "description": "The filter was tried as it is now."},
        "examples": {"type": "array", "items": {"type": "object"}},
    },
}
_NOTHING = {"application/json": {"type": "object"}}
_DELETED = {"type": "object", "properties": {"text": {"type": "string"}, "job": {"type": "string"}}}
_TOLD = {"type": "object", "properties": {"text": {"type": "string"}}}


class AlertFilterViewSet(ApiMixin, viewsets.ModelViewSet):
    """Filters of alerts: your own, and those that are shared with your groups."""

    queryset = AlertFilter.objects.all()
    serializer_class = AlertFilterSerializer
    filter_backends = ()
    api_docs = {
        "list": ApiDoc("List filters of alerts", "Your own, and those of your groups.", errors=[401]),
        "retrieve": ApiDoc("Get a filter"),
        "create": ApiDoc("Add a filter", "It is off, and is tried on past alerts first: see `test`, `on`."),
        "update": ApiDoc("Replace a filter", "One that lets other alerts through now is off."),
        "partial_update": ApiDoc("Change a filter", "One that lets other alerts through now is off."),
        "destroy": ApiDoc(
            "Delete a filter",
            "Its candidates go, too; targets stay. 202 where it has very many, which a job deletes.",
            responses={202: _DELETED, 204: "It is deleted."},
            errors=[403, 404],
        ),
        "test": ApiDoc("Get the newest trial of a filter", responses={200: _TEST}, errors=[404]),
        "start_test": ApiDoc(
            "Try a filter on past alerts",
            "In the background; `GET` tells the result.",
            request=_NOTHING,
            responses={202: _TEST},
            errors=[403, 404],
        ),
        "on": ApiDoc(
            "Switch a filter on",
            "409 unless it was tried as it is now.",
            request=_NOTHING,
            responses={200: _TOLD, 409: _TOLD},
            errors=[403, 404],
        ),
        "off": ApiDoc("Switch a filter off", request=_NOTHING, responses={200: _TOLD}, errors=[403, 404]),
    }

    def get_queryset(self):
        rows = shared_for_user(self.request.user, AlertFilter.objects.all())
        return rows.select_related("user").prefetch_related("groups", "target_groups").order_by("-pk")

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        self.must_be_known()

    def own(self):
        """Return the filter of the address, which the person asking may change."""
        one = self.get_object()
        rows = shared_for_user(self.request.user, AlertFilter.objects.filter(pk=one.pk), "change")
        if not rows.exists():
            self.refuse("You may see this filter, but not change it.")
        return one

    def perform_create(self, serializer):
        serializer.save(user=self.request.user)

    def perform_update(self, serializer):
        self.own()
        serializer.save()

    def perform_destroy(self, instance):
        self.own()
        job = delete_filter(instance, user=self.request.user)
        self.job_url = None if job is None else job.get_absolute_url()

    def destroy(self, request, *args, **kwargs):
        """Delete a filter: 204; 202 where a job does it."""
        answer = super().destroy(request, *args, **kwargs)
        if self.job_url is None:
            return answer
        words = "The filter is off, and is deleted with its candidates by a job."
        return Response({"text": words, "job": self.job_url}, status=status.HTTP_202_ACCEPTED)

    @action(detail=True)
    def test(self, request, pk=None):
        return self._told(self.get_object(), status.HTTP_200_OK)

    @test.mapping.post
    def start_test(self, request, pk=None):
        one = self.own()
        filter_tests.start_test(one, user=request.user)
        return self._told(one, status.HTTP_202_ACCEPTED)

    def _told(self, one, code):
        test, may_be_on = filter_rules.standing(one)
        if test is None:
            nothing = {"sampled": 0, "passed": 0, "finished": None, "error": "", "examples": []}
            return Response({**nothing, "is_current": False})
        told = {name: getattr(test, name) for name in ("sampled", "passed", "finished", "error")}
        told["examples"], _ = filter_tests.shown_to(self.request.user, test)
        return Response({**told, "is_current": may_be_on}, status=code)

    @action(detail=True, methods=["post"])
    def on(self, request, pk=None):
        one = self.own()
        if not filter_rules.switch_on(one):
            return Response({"text": filter_rules.NOT_TRIED}, status=status.HTTP_409_CONFLICT)
        return Response({"text": f"{one} is on."})

    @action(detail=True, methods=["post"])
    def off(self, request, pk=None):
        one = self.own()
        filter_rules.switch_off(one)
        return Response({"text": f"{one} is off."})


class CandidateViewSet(ApiMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """What filters let through, and what is decided about it."""

    queryset = Candidate.objects.all()
    serializer_class = CandidateSerializer
    filter_backends = ()
    api_docs = {
        "list": ApiDoc(
            "List candidates",
            "Newest first; those of which you may not see the target are left out.",
            parameters=[
                query_parameter("filter", "Key of a filter.", {"type": "integer"}),
                query_parameter(
                    "state",
                    "`open` is new, or deferred until now.",
                    {"type": "string", "enum": ["open", "new", "saved", "rejected", "deferred"]},
                ),
            ],
            errors=[400, 401],
        ),
        "retrieve": ApiDoc("Get a candidate"),
        "decide": ApiDoc(
            "Decide about a candidate",
            "Holds for your team, and for the same object in all filters that you see. 409 if somebody has"
            " decided, or it cannot be saved.",
            request=DecisionSerializer,
            responses={200: CandidateSerializer, 409: _TOLD},
            errors=[400, 404],
        ),
        "undo": ApiDoc(
            "Undo your last decision", request=_NOTHING, responses={200: _TOLD, 409: _TOLD}, errors=[401]
        ),
    }

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        self.must_be_known()

    def get_queryset(self):
        rows = candidates_for_user(self.request.user, Candidate.objects.all())
        rows = rows.select_related("alert_filter", "decided_by").defer("content").order_by("-pk")
        asked = self.request.query_params if self.action == "list" else {}
        if "filter" in asked:
            if not asked["filter"].isdecimal() or len(asked["filter"]) > 18:
                raise serializers.ValidationError({"filter": ["Expected the key of a filter."]})
            rows = rows.filter(alert_filter=int(asked["filter"]))
        state = asked.get("state")
        if state == "open":
            return triage.open_candidates(rows)
        if state and state not in Candidate.State.values:
            raise serializers.ValidationError(
                {"state": [f"Expected one of open, {', '.join(Candidate.State)}."]}
            )
        return rows.filter(state=state) if state else rows

    @action(detail=True, methods=["post"])
    def decide(self, request, pk=None):
        candidate = self.get_object()
        asked = DecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = asked.validated_data
        if told["state"] == "rejected" and not told["reason"].strip():
            raise serializers.ValidationError({"reason": ["Say why it is rejected."]})
        target_list = None
        if "list" in told:
            rows = target_lists_for_user(request.user, TargetList.objects.all(), "change_targetlist")
            target_list = rows.filter(pk=told["list"]).first()
            if target_list is None:
                words = "Expected the key of a list that you may change."
                raise serializers.ValidationError({"list": [words]})
        try:
            triage.decide(
                candidate, told["state"], user=request.user, reason=told["reason"], target_list=target_list
            )
        except CandidateError as error:
            return Response({"text": str(error)}, status=status.HTTP_409_CONFLICT)
        candidate.refresh_from_db()
        return Response(self.get_serializer(candidate).data)

    @action(detail=False, methods=["post"])
    def undo(self, request):
        decision = triage.last_decision(request.user)
        try:
            if decision is None:
                raise CandidateError("There is nothing to undo.")
            return Response({"text": triage.undo(decision, user=request.user)})
        except CandidateError as error:
            return Response({"text": str(error)}, status=status.HTTP_409_CONFLICT)
