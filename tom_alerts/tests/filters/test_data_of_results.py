"""Data of targets that are made of results of queries: they come also where a process ended before them."""

import pytest

from tom_alerts.candidate_targets import make_target
from tom_alerts.filter_models import Candidate
from tom_alerts.models import BrokerQuery
from tom_alerts.providers import BrokerProvider
from tom_alerts.screening import screen_results
from tom_alerts.tests.filters.making import made_filter, maker
from tom_alerts.tests.filters.test_teams import NAME, run_of
from tom_common.job_context import JobStopped
from tom_targets.models import Target

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("on_near", ["create", "skip"])
def test_data_come_once_although_the_process_ended_before_them(settings, monkeypatch, on_near):
    settings.TOM_ALERT_CLASSES = ["tom_alerts.tests.filters.test_teams.SlowBroker"]
    settings.TOM_QUERY_ON_NEAR = on_near
    owner = maker("owner")
    one = made_filter(owner, on=False, expression="ra > 1")
    query = BrokerQuery.objects.create(name="Slow ones", broker="Slow", parameters={}, user=owner)
    type(one).objects.filter(pk=one.pk).update(is_on=True, query_kind="broker", query_id=query.pk)
    screen_results(run_of(query))
    monkeypatch.setattr("tom_alerts.tests.filters.test_teams.SlowBroker.meanwhile", lambda: None)
    brought = []

    def bring(self, target, raw):
        brought.append(target.name)
        if len(brought) == 1:
            raise JobStopped
        return 1

    monkeypatch.setattr(BrokerProvider, "bring_data", bring)
    with pytest.raises(JobStopped):
        make_target(Candidate.objects.get(), user=owner)
    for _ in range(2):
        assert make_target(Candidate.objects.get(), user=owner) is False
    assert brought == [NAME, NAME]
    assert Candidate.objects.get().target_id == Target.objects.get(name=NAME).pk
