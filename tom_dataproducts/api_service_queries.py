"""REST API of data services: ask one about a target, see how that goes, try again, cancel."""

from __future__ import annotations

from django.http import Http404, QueryDict
from django_filters.rest_framework import FilterSet, NumberFilter
from django_filters.rest_framework import filters as django_filters
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from tom_common.api_docs import ApiDoc
from tom_common.api_views import ApiMixin
from tom_common.remote import RemoteError
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.permissions import service_queries_for_user
from tom_dataproducts.single_target_data_service import overview, own_services, queries
from tom_dataproducts.single_target_data_service.remote_data_service import RemoteDataService
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
    get_service_class,
    get_service_classes,
)
from tom_targets.selectors import target_or_404

_FORM_OWN = frozenset({"service", "target_id"})
_ASK = {
    "type": "object",
    "properties": {
        "service": {"type": "string", "description": "Name of a service, as `services/` lists it."},
        "target": {"type": "integer", "description": "Key of a target to which you may add data."},
        "parameters": {
            "type": "object",
            "additionalProperties": True,
            "description": "Fields of the service's form; what is left out has its usual value.",
        },
    },
    "required": ["service", "target"],
}
_RETRY = {
    "type": "object",
    "properties": {
        "send_anew": {
            "type": "boolean",
            "description": "Where nobody can tell whether the service got the request: send it once more.",
        }
    },
}
_SERVICES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "label": {"type": "string"},
            "missing": {"type": "string", "description": "What has to be set before you can ask it."},
            "parameters": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": True},
                "description": "Fields: `name`, `label`, `help`, `required`, `initial`, `choices`.",
            },
        },
    },
}


class ServiceQueryFilter(FilterSet):
    """Narrows the list of queries."""

    target = NumberFilter(label="Key of a target", min_value=1, max_value=2**63 - 1)
    service = django_filters.CharFilter(label="Name of a service")
    state = django_filters.ChoiceFilter(label="State", choices=ServiceQuery.State.choices)
    user = django_filters.CharFilter(field_name="user__username", label="Who asked")

    class Meta:
        model = ServiceQuery
        fields: tuple[str, ...] = ()


class ServiceQuerySerializer(serializers.Serializer):
    """A query as pages show it."""

    id = serializers.IntegerField(source="pk", read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True, help_text="Its page.")
    service = serializers.CharField(read_only=True)
    target = serializers.IntegerField(source="target_id", read_only=True)
    user = serializers.CharField(source="user.username", default=None, read_only=True)
    state = serializers.ChoiceField(choices=ServiceQuery.State.choices, read_only=True)
    words = serializers.CharField(read_only=True, help_text="What is asked, in words.")
    message = serializers.CharField(read_only=True, help_text="What it does now, or brought.")
    error = serializers.CharField(read_only=True)
    needs_answer = serializers.BooleanField(read_only=True)
    queue_position = serializers.IntegerField(read_only=True, allow_null=True)
    data_product = serializers.IntegerField(source="product_id", read_only=True, allow_null=True)
    created = serializers.DateTimeField(read_only=True)
    sent = serializers.DateTimeField(source="sent_at", read_only=True, allow_null=True)
    finished = serializers.DateTimeField(read_only=True, allow_null=True)
    may_change = serializers.BooleanField(read_only=True, help_text="Whether you may cancel and retry it.")


class ServiceQueryViewSet(
    ApiMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet
):
    """Queries of data services about the targets that you may see."""

    queryset = ServiceQuery.objects.none()
    serializer_class = ServiceQuerySerializer
    filterset_class = ServiceQueryFilter
    permission_classes = (IsAuthenticated,)
    api_docs = {
        "list": ApiDoc("List queries of data services", "About targets that you may see, newest first."),
        "retrieve": ApiDoc("Get a query of a data service"),
        "create": ApiDoc(
            "Ask a data service about a target",
            "The answer comes in the background. 200 tells that the same is being asked already.",
            request={"application/json": _ASK},
            responses={201: ServiceQuerySerializer, 200: ServiceQuerySerializer},
            errors=[400, 404, 413, 415],
        ),
        "retry": ApiDoc(
            "Ask again",
            "For a query that failed, was cancelled, or waits for your answer.",
            request={"application/json": _RETRY},
            responses={200: ServiceQuerySerializer},
            errors=[400, 404, 409, 413, 415],
        ),
        "cancel": ApiDoc(
            "Cancel a query",
            "The service is told where it can be.",
            request={"application/json": {"type": "object"}},
            responses={200: ServiceQuerySerializer},
            errors=[400, 404, 409, 413, 415],
        ),
        "services": ApiDoc("List the data services", responses={200: _SERVICES}),
    }

    def get_queryset(self):
        rows = service_queries_for_user(self.request.user, ServiceQuery.objects.all())
        return rows.select_related("user", "target", "product").order_by("-pk")

    def paginate_queryset(self, queryset):
        return overview.prepared(super().paginate_queryset(queryset), self.request.user)

    def get_object(self):
        try:
            return overview.query_or_404(self.request.user, int(self.kwargs["pk"]))
        except Http404:
            raise NotFound("No ServiceQuery matches the given query.") from None

    def told(self, pk, code=status.HTTP_200_OK):
        query = overview.query_or_404(self.request.user, pk)
        return Response(self.get_serializer(query).data, status=code)

    def create(self, request):
        body = self.body()
        target, service = self.asked_target(body), self.asked_service(body)
        form = service.get_form()(self.form_data(service, target, body.get("parameters")))
        if not form.is_valid():
            raise serializers.ValidationError({"parameters": form.errors})
        try:
            if isinstance(service, RemoteDataService):
                query, was_open = queries.start_query(service, form.cleaned_data, user=request.user)
            elif own_services.needs_the_page(service, form):
                raise serializers.ValidationError(f"{service.name} can only be asked on the target's page.")
            else:
                query, was_open = queries.start_own_query(service, form, target=target, user=request.user)
        except (SingleTargetDataServiceException, RemoteError) as error:
            raise serializers.ValidationError(str(error)) from error
        return self.told(query.pk, status.HTTP_200_OK if was_open else status.HTTP_201_CREATED)

    def body(self):
        if not hasattr(self.request.data, "get"):
            raise serializers.ValidationError("Expected an object.")
        return self.request.data

    def asked_target(self, data):
        pk = data.get("target")
        if isinstance(pk, bool) or not str(pk).isdecimal() or len(str(pk)) > 18:
            raise serializers.ValidationError({"target": ["Expected the key of a target."]})
        try:
            target, may_add = target_or_404(self.request.user, int(pk), "change_target")
        except Http404:
            raise NotFound("No Target matches the given query.") from None
        if not may_add:
            self.refuse("You may see this target, but not add data to it.")
        return target

    def asked_service(self, data):
        try:
            service = get_service_class(str(data.get("service") or ""))()
        except ImportError as error:
            names = ", ".join(sorted(get_service_classes())) or "none"
            raise serializers.ValidationError({"service": [f"Expected one of: {names}."]}) from error
        service.user = self.request.user
        return service

    def form_data(self, service, target, parameters):
        """Return what a person would send with the service's form, the usual values where nothing is said."""
        if parameters is not None and not isinstance(parameters, dict):
            raise serializers.ValidationError({"parameters": ["Expected an object."]})
        given, form = dict(parameters or {}), service.get_form()
        known = set(form.base_fields) - _FORM_OWN
        if unknown := sorted(set(given) - known):
            listed = ", ".join(sorted(known))
            raise serializers.ValidationError(
                {
                    "parameters": {
                        name: [f"There is no such parameter; there are: {listed}."] for name in unknown
                    }
                }
            )
        initial = getattr(service, "get_initial", lambda target: {})(target)
        data = QueryDict(mutable=True)
        data.update({"service": service.name, "target_id": str(target.pk)})
        for name in known:
            value = given.get(name, initial.get(name, form.base_fields[name].initial))
            for one in value if isinstance(value, list) else [value]:
                if one is not None and one is not False:
                    data.appendlist(name, str(one))
        return data

    @action(detail=True, methods=["post"])
    def retry(self, request, pk=None):
        query = self.changeable()
        try:
            is_asked = queries.retry_query(query, send_anew=self.body().get("send_anew") is True)
        except SingleTargetDataServiceException as error:
            return Response({"detail": str(error)}, status=status.HTTP_409_CONFLICT)
        if not is_asked:
            return self.nothing(query, "There is nothing to try again")
        return self.told(query.pk)

    @action(detail=True, methods=["post"])
    def cancel(self, request, pk=None):
        query = self.changeable()
        if not queries.cancel_query(query):
            return self.nothing(query, "It has ended already")
        return self.told(query.pk)

    def changeable(self):
        query = self.get_object()
        if not query.may_change:
            self.refuse("Only who made this query, and staff, can change it.")
        return query

    def nothing(self, query, text):
        return Response({"detail": f"{text}: it is {query.state}."}, status=status.HTTP_409_CONFLICT)

    @action(detail=False, pagination_class=None, filter_backends=[])
    def services(self, request):
        return Response(
            [
                {
                    "name": line.name,
                    "label": line.label,
                    "missing": line.missing,
                    "parameters": parameters_of(line.name),
                }
                for line in overview.service_lines(request.user)
                if line.name in get_service_classes()
            ]
        )


def parameters_of(name):
    """Return the fields of a service's form, for programs."""
    fields = get_service_class(name)().get_form().base_fields
    return [
        {
            "name": key,
            "label": str(field.label or key),
            "help": str(field.help_text),
            "required": field.required,
            "initial": None if callable(field.initial) else field.initial,
            "choices": [str(value) for value, _ in getattr(field, "choices", ())][:200],
        }
        for key, field in fields.items()
        if key not in _FORM_OWN
    ]
