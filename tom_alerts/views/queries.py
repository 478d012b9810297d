"""Pages of the queries of brokers."""

from __future__ import annotations

import django_filters

from tom_alerts.brokers.mars import RETIRED, MARSBroker
from tom_alerts.models import BrokerQuery
from tom_alerts.registry import brokers
from tom_dataservices.views import query_pages as pages


class BrokerQueryFilter(django_filters.FilterSet):
    """Finds kept queries by broker and part of the name."""

    broker = django_filters.ChoiceFilter(choices=brokers.choices)
    name = django_filters.CharFilter(lookup_expr="icontains")

    class Meta:
        model = BrokerQuery
        fields = ["broker", "name"]


class _Brokers:
    model = BrokerQuery
    kind = "broker"
    provider_field = "broker"
    url_space = "alerts"
    words = "brokers"
    registry = brokers
    ids_field = "alerts"

    def gone(self, name):
        return RETIRED if name == MARSBroker.name else super().gone(name)


class BrokerQueryListView(_Brokers, pages.QueryListPage):
    template_name = "tom_alerts/brokerquery_list.html"
    filterset_class = BrokerQueryFilter


class BrokerQueryCreateView(_Brokers, pages.QueryFormPage):
    template_name = "tom_alerts/query_form.html"


class BrokerQueryUpdateView(_Brokers, pages.QueryFormPage):
    template_name = "tom_alerts/query_form.html"


class BrokerQueryDeleteView(_Brokers, pages.QueryDeletePage):
    template_name = "tom_alerts/brokerquery_confirm_delete.html"


class BrokerQueryCopyView(_Brokers, pages.QueryCopyView):
    pass


class RunQueryView(_Brokers, pages.RunPage):
    pass


class CreateTargetFromAlertView(_Brokers, pages.TargetsFromResultsView):
    pass
