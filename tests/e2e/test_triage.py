"""Candidates judged in a browser: by keys, by buttons without script, undone."""

import pytest

from tom_alerts.filter_models import AlertFilter, Candidate
from tom_common.tests.people_testing import give, make_user
from tom_dataservices.ingest import IngestOptions, ingest_batches
from tom_dataservices.tests.ingest.batches import alert, batch, cutouts

NAMES = ["ZTF26aaaaaaa", "ZTF26bbbbbbb", "ZTF26ccccccc"]


@pytest.fixture
def observer(transactional_db):
    user = give(make_user("vera"), "tom_targets.add_target")
    AlertFilter.objects.create(user=user, name="Bright", expression="mag < 19", is_on=True)
    for number, name in enumerate(NAMES):
        item = alert(name, alert_id=str(number + 1), cutouts=cutouts())
        point = {"mjd": 60000.0, "brightness": 18.0, "brightness_error": 0.1, "survey_id": number + 1}
        ingest_batches([batch([item], [point])], IngestOptions(only_known=number == 2))
    return user


def states():
    return dict(Candidate.objects.values_list("name", "state"))


def _expect(page, name):
    page.wait_for_function(
        "name => document.getElementById('candidate-name')?.textContent.trim() === name",
        arg=name,
        timeout=120_000,
    )
    page.wait_for_selector(".light-curve.is-drawn", timeout=120_000)


def test_candidates_are_judged_and_brought_back_by_keys(browse, observer):
    page = browse(observer)
    page.goto("/alerts/triage/")
    _expect(page, NAMES[2])
    page.keyboard.press("s")
    _expect(page, NAMES[1])
    page.keyboard.press("2")
    _expect(page, NAMES[0])
    assert states() == {NAMES[0]: "new", NAMES[1]: "rejected", NAMES[2]: "saved"}
    assert Candidate.objects.get(name=NAMES[2]).target.name == NAMES[2]
    page.keyboard.press("u")
    _expect(page, NAMES[1])
    page.keyboard.press("r")
    page.keyboard.type("Ghost")
    page.keyboard.press("Enter")
    _expect(page, NAMES[0])
    assert Candidate.objects.get(name=NAMES[1]).reason == "Ghost"
    page.keyboard.press("d")
    page.get_by_role("heading", name="Nothing to judge").wait_for(timeout=120_000)
    assert states()[NAMES[0]] == "deferred"


def test_buttons_do_without_script(browse, observer):
    page = browse(observer, script=False)
    page.goto("/alerts/triage/")
    page.get_by_role("button", name="Artefact").click()
    page.get_by_text(f"{NAMES[2]} rejected: Artefact").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text(f"{NAMES[2]} is new again.").wait_for()
    assert set(states().values()) == {"new"}
