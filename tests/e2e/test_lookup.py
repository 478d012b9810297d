"""What is chosen in the table of a catalogue look-up, while a slow catalogue is still asked."""

import pytest
from django.utils import timezone

from tom_catalogs.models import CatalogueLookup
from tom_common.models import Job
from tom_common.tests.people_testing import give, make_user
from tom_dataservices.models import QueryResult, QueryRun


@pytest.fixture
def observer(transactional_db):
    return give(make_user("vera"), "tom_targets.add_target")


@pytest.fixture
def lookup(observer):
    """Give a look-up to which two catalogues have answered, and three have not."""
    keys = []
    for name, ra in (("NED", 10.5), ("Simbad", 10.6), ("MPC", None), ("TNS", None), ("Gaia", None)):
        common = {"user": observer, "kind": "harvester", "provider": name, "parameters": {}, "wanted": 1}
        run = QueryRun.objects.create(**common, finished=None if ra is None else timezone.now())
        keys.append(run.pk)
        if ra is None:
            run.job = Job.objects.create(task="tests.slow", title="Slow", state="running", user=observer)
            run.save()
            continue
        fields = {"name": f"M31 of {name}", "type": "SIDEREAL", "ra": ra, "dec": 41.0}
        values = {"fields": fields, "names": [f"{name} 224"], "extras": {}}
        QueryResult.objects.create(run=run, number=0, result_id="1", name="M31", values=values)
    return CatalogueLookup.objects.create(user=observer, term="m31", run_ids=keys)


def test_what_is_chosen_stays_when_the_page_asks_for_news(browse, observer, lookup):
    page = browse(observer)
    page.goto(lookup.get_absolute_url())
    other = page.locator(f'input[name="use-position"][value="{lookup.run_ids[1]}"]')
    other.check()
    page.locator('input[name="names"][value="Simbad 224"]').check()
    page.locator('input[name="names"][value="NED 224"]').uncheck()
    other.focus()
    for key in lookup.run_ids[2:4]:
        page.locator("#lookup").evaluate("part => { part.dataset.old = '1' }")
        QueryRun.objects.filter(pk=key).update(finished=timezone.now())  # it knows nothing
        page.wait_for_function("() => !document.getElementById('lookup').dataset.old", timeout=120_000)
    assert other.is_checked()
    assert page.locator('input[name="names"][value="Simbad 224"]').is_checked()
    assert not page.locator('input[name="names"][value="NED 224"]').is_checked()
    assert page.locator(f'input[name="use-name"][value="{lookup.run_ids[0]}"]').is_checked()
    assert page.evaluate("document.activeElement.id") == f"use-position-{lookup.run_ids[1]}"
