"""Who is shown what of the trial of a filter."""

import pytest

from tom_alerts.filter_models import AlertFilter
from tom_alerts.filter_tests import run_test
from tom_alerts.models import FilterTest
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team
from tom_common.grants import grant_access
from tom_dataservices.models import DataServiceQuery, QueryResult, QueryRun
from tom_targets.models import Target

pytestmark = pytest.mark.django_db
NAME = "ZTF26aaaaaaa"


def examples_of(client, one):
    """Return the names of the examples and near misses that the page tells, and those of the interface."""
    page = client.get(one.get_absolute_url())
    told = client.get(f"/api/alertfilters/{one.pk}/test/").json()["examples"]
    shown = [row["name"] for row in (*page.context["examples"], *page.context["near_misses"])]
    assert [name for name in (NAME, "ZTF26bbbbbbb", "ZTF26ccccccc") if name in page.content.decode()] == shown
    return shown, [row["name"] for row in told]


def test_a_colleague_is_shown_of_a_trial_what_the_colleague_may_see(client):
    group = team()
    owner, member = maker("owner", group), maker("member", group)
    ingest(bright(NAME, "ZTF26bbbbbbb"), bright("ZTF26ccccccc", mag=20.0))
    for target in Target.objects.exclude(name="ZTF26bbbbbbb"):
        Target.objects.filter(pk=target.pk).update(permissions="PRIVATE")
        grant_access(owner, target)
    one = made_filter(owner, groups=[group])
    client.force_login(owner)
    assert examples_of(client, one) == ([NAME, "ZTF26bbbbbbb", "ZTF26ccccccc"], [NAME, "ZTF26bbbbbbb"])
    client.force_login(member)
    assert examples_of(client, one) == (["ZTF26bbbbbbb"], ["ZTF26bbbbbbb"])


def test_a_colleague_is_shown_no_results_of_runs_of_others_in_a_trial(client):
    group = team()
    owner, member = maker("owner", group), maker("member", group)
    query = DataServiceQuery.objects.create(name="Mine", data_service="TNS", parameters={}, user=owner)
    run = QueryRun.objects.create(
        user=owner, kind="data_service", provider="TNS", parameters={}, wanted=1, query_id=query.pk
    )
    QueryResult.objects.create(run=run, number=0, result_id="1", name=NAME, ra=10.0, dec=20.0)
    one = made_filter(owner, groups=[group], on=False, expression="ra > 1")
    AlertFilter.objects.filter(pk=one.pk).update(query_kind="data_service", query_id=query.pk)
    one.refresh_from_db()
    run_test(FilterTest.objects.create(alert_filter=one, user=owner, mark=one.mark()))
    client.force_login(owner)
    assert examples_of(client, one) == ([NAME], [NAME])
    client.force_login(member)
    assert examples_of(client, one) == ([], [])
