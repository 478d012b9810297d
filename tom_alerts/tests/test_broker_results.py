"""Results on the page of a broker show what those of its data service show: scores, sky maps, images."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from tom_alerts.brokers.gracedb import GraceDBBroker
from tom_alerts.models import BrokerQuery
from tom_common.background import InputRefused
from tom_dataservices.models import QueryRun
from tom_dataservices.region_tasks import keep_sky_maps
from tom_dataservices.tests.brokers.standing_in import CASES, standing_in
from tom_targets.models import Target
from tom_targets.sky_models import SkyRegion


@pytest.fixture
def results(request, admin_client, at_once, settings):
    """Give a function that keeps a query of a broker, runs it and gives the page of its results."""
    cache.clear()
    name = request.param
    with standing_in(name) as state:
        settings.DATA_SERVICES = state.settings()

        def shown(**values):
            asked = {"query_name": "Tonight", "broker": name, **CASES[name].question, **values}
            answer = admin_client.post(reverse("alerts:create"), asked)
            assert answer.status_code == 302, answer.context["form"].errors
            return admin_client.get(reverse("alerts:run", args=[BrokerQuery.objects.get().pk]))

        yield shown
    cache.clear()


@pytest.mark.parametrize("results", ["Scout"], indirect=True)
def test_the_scores_of_scout_are_shown_and_a_result_becomes_a_target(results, admin_client):
    page = results()
    shown = page.content.decode()
    for words in ("NEO (%)", "Impact rating", "Error (′)", "P12aBcD"):
        assert words in shown
    row = next(row for row in page.context["rows"] if row.result.name == "P12aBcD")
    assert f'name="alerts" value="{row.result.row_id}"' in shown
    send = {"run": page.context["run"].pk, "alerts": [row.result.row_id]}
    admin_client.post(reverse("alerts:create-target"), send)
    target = Target.objects.get()
    assert (target.name, target.type, target.eccentricity) == ("P12aBcD", "NON_SIDEREAL", 0.303)


@pytest.mark.parametrize("results", ["GraceDB"], indirect=True)
def test_sky_maps_of_gracedb_are_kept_from_the_page_of_brokers(results, admin_client):
    page = results()
    assert "Keep the sky maps of those ticked" in page.content.decode()
    assert "Make targets" not in page.content.decode()
    run = QueryRun.objects.get()
    row = next(row for row in page.context["rows"] if row.result.name == "S230518h")
    send = {"alerts": [row.result.row_id], "percent": "50"}
    admin_client.post(reverse("dataservices:keep-regions", args=[run.pk]), send)
    assert SkyRegion.objects.get().name == "S230518h bayestar 50%"


class Waves(GraceDBBroker):
    """A broker that no data service is called as."""

    name = "Waves"


@pytest.mark.parametrize("results", ["GraceDB"], indirect=True)
def test_sky_maps_are_asked_of_the_broker_that_gave_the_results(results, admin_client, settings):
    page = results()
    run = QueryRun.objects.get()
    QueryRun.objects.update(provider="Waves")
    settings.TOM_ALERT_CLASSES = [f"{__name__}.Waves"]
    row = next(row for row in page.context["rows"] if row.result.name == "S230518h")
    send = {"alerts": [row.result.row_id], "percent": "50"}
    admin_client.post(reverse("dataservices:keep-regions", args=[run.pk]), send)
    assert SkyRegion.objects.get().name == "S230518h bayestar 50%"
    settings.TOM_ALERT_CLASSES = []
    with pytest.raises(InputRefused, match="Waves is not installed in this TOM any more"):
        keep_sky_maps(run.pk, run.user_id, [row.result.row_id], 50.0)


@pytest.mark.parametrize("results", ["Babamul"], indirect=True)
def test_images_of_a_broker_are_shown(results, admin_client):
    page = results(objects="ZTF25aagbkaj")
    address = reverse("dataservices:result-cutout", args=[page.context["rows"][0].result.pk])
    assert address in page.content.decode()
    assert admin_client.get(address).content.startswith(b"\x89PNG")


@pytest.mark.parametrize("results", ["Babamul"], indirect=True)
def test_names_that_brought_nothing_are_told_on_the_page_of_a_broker(results):
    page = results(objects="ZTF25aagbkaj ZTF99zzzzzzz")
    assert "gave nothing that fits for ZTF99zzzzzzz." in page.content.decode()


def test_mars_says_what_to_use_instead(admin_client, at_once, settings):
    form = admin_client.get(reverse("alerts:create"), {"broker": "MARS"}).content.decode()
    assert "MARS is retired: its server is gone. Ask ALeRCE, Fink or Lasair" in form
    query = BrokerQuery.objects.create(name="Old", broker="MARS", parameters={"objectId": "ZTF18a"})
    page = admin_client.get(reverse("alerts:run", args=[query.pk])).content.decode()
    assert "MARS is retired" in page
    assert "Nothing was found" not in page
    settings.TOM_ALERT_CLASSES = ["tom_alerts.brokers.scout.ScoutBroker"]  # as in a project of today
    page = admin_client.get(reverse("alerts:run", args=[query.pk]), follow=True).content.decode()
    assert "Old: MARS is retired" in page
