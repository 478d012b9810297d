"""What a stored target may be: shown before anything is saved, and taken as was chosen."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from tom_common.grants import grant_access
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.models import DataServiceQuery
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

ASK = {"data_service": "Stars", "name_begins": "Star 7", "query_name": "", "fail": ""}
NEAR_DEG = 0.5 / 3600.0


@pytest.fixture
def known(users):
    """Give a target half an arcsecond from Star 7, the owner's."""
    made = SiderealTargetFactory(name="Ours", ra=17.0, dec=-5.0 + NEAR_DEG, permissions="PUBLIC")
    grant_access(users["owner"], made)
    return made


def asked(client):
    answer = client.post(reverse("dataservices:create"), ASK, follow=True)
    return answer.context["run"]


def made_of(client, run, **chosen):
    result = run.results.get(name="Star 7")
    values = {"run": run.pk, "selected_results": [result.row_id], "permissions": "PUBLIC", "with_data": "on"}
    return client.post(reverse("dataservices:create-target"), {**values, **chosen}, follow=True)


def test_the_page_tells_hits_before_anything_is_saved(services, known, as_owner):
    run = asked(as_owner)
    page = as_owner.get(run.get_absolute_url())
    assert page.context["known_count"] == 1
    assert "0.5″" in page.content.decode()
    assert as_owner.get(run.get_absolute_url(), {"near": "0.1"}).context["known_count"] == 0
    assert as_owner.get(run.get_absolute_url(), {"near": "nonsense"}).context["near_arcsec"] == 1.0
    assert Target.objects.count() == 1


@pytest.mark.parametrize(
    ("chosen", "count", "aliases", "points", "words"),
    [
        ({}, 2, [], 0, "both are kept"),
        ({"on_near": "create"}, 2, [], 0, "both are kept"),
        ({"on_near": "merge"}, 1, ["Star 7"], 1, "taken for the same"),
        ({"on_near": "skip"}, 1, [], 0, "left out"),
        ({"on_near": "skip", "near_arcsec": "0.1"}, 2, [], 0, "1 target made"),
    ],
    ids=["nothing", "create", "merge", "skip", "nearer"],
)
def test_it_is_done_as_chosen(services, known, as_owner, chosen, count, aliases, points, words):
    answer = made_of(as_owner, asked(as_owner), **chosen)
    assert words in answer.content.decode()
    assert Target.objects.count() == count
    assert [alias.name for alias in known.aliases.all() if not alias.name.startswith("Alias")] == aliases
    assert PhotometryReducedDatum.objects.filter(target=known).count() == points


def test_a_target_of_that_name_is_left_out_too(services, users, as_owner):
    SiderealTargetFactory(name="Star 7", ra=200.0, dec=5.0, permissions="PUBLIC")
    answer = made_of(as_owner, asked(as_owner), on_near="skip")
    assert "is there already as Star 7: left out" in answer.content.decode()
    assert not PhotometryReducedDatum.objects.exists()


def test_nothing_goes_to_a_target_that_one_may_not_change(services, users, as_owner):
    seen = SiderealTargetFactory(name="Theirs", ra=17.0, dec=-5.0 + NEAR_DEG, permissions="PUBLIC")
    answer = made_of(as_owner, asked(as_owner), on_near="merge")
    assert "which you may not change" in answer.content.decode()
    assert not seen.aliases.exists()


def test_hidden_targets_are_no_hits(services, users, as_owner):
    SiderealTargetFactory(name="Hidden", ra=17.0, dec=-5.0 + NEAR_DEG, permissions="PRIVATE")
    run = asked(as_owner)
    assert as_owner.get(run.get_absolute_url()).context["known_count"] == 0
    made_of(as_owner, run, on_near="skip")
    assert Target.objects.filter(name="Star 7").exists()


@pytest.mark.parametrize(("setting", "count"), [("create", 2), ("merge", 1), ("skip", 1)])
def test_what_runs_unattended_does_as_the_settings_say(services, users, known, settings, setting, count):
    settings.TOM_QUERY_ON_NEAR = setting
    query = DataServiceQuery.objects.create(
        name="Stars", data_service="Stars", parameters={"name_begins": "Star 7"}, user=users["owner"]
    )
    call_command("rundataquery", query.pk)
    assert Target.objects.filter(ra__gt=16.9, ra__lt=17.1).count() == count
