"""Filters look at the results of kept queries, and make targets of them."""

from django.urls import reverse

from tom_alerts.actions import act_on_due
from tom_alerts.filter_models import AlertFilter, Candidate
from tom_alerts.filter_rules import switch_on
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.tests.test_query_pages import kept
from tom_targets.models import Target


def test_a_filter_of_a_query_picks_results_and_makes_targets_once(services, as_owner, at_once):
    query = kept(as_owner)
    source = f"data_service:{query.pk}"
    page = as_owner.post(
        reverse("alerts:filter-create"),
        {
            "name": "Not too far",
            "source": source,
            "expression": "ra < 45.5 and mag < 16",
            "max_per_hour": 100,
            "makes": "target",
            "permissions": "PRIVATE",
            "digest": "hour",
        },
        follow=True,
    )
    one = AlertFilter.objects.get()
    assert "7 of 11" in page.content.decode().replace("<strong>", "")
    assert switch_on(one)
    for _ in range(2):
        as_owner.post(query_run_url(query))
    assert Candidate.objects.count() == 7
    act_on_due()
    assert sorted(Target.objects.values_list("name", flat=True)) == [f"Star {3}"] + [
        f"Star {number}" for number in range(30, 36)
    ]
    assert set(Target.objects.values_list("permissions", flat=True)) == {"PRIVATE"}
    assert PhotometryReducedDatum.objects.count() == 7
    assert not Candidate.objects.filter(target=None).exists()


def query_run_url(query):
    return reverse("dataservices:run_saved", args=[query.pk]) + "?again=1"
