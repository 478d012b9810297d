"""The pages of filters and triage, as their users meet them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tom_alerts.filter_models import AlertFilter, Candidate, Decision, FilterTest, Watchlist
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team
from tom_common.grants import grant_access
from tom_dataservices.tests.ingest.batches import cutouts
from tom_targets.models import Target, TargetList
from tom_targets.sky_models import SkyRegion

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Rising",
    "source": "alerts",
    "survey": "",
    "expression": "mag < 19",
    "max_per_hour": "100",
    "makes": "nothing",
    "permissions": "PUBLIC",
    "digest": "hour",
    "note_key": "",
    "note": "",
}


@pytest.fixture
def owner(client):
    user = maker("pi", team())
    client.force_login(user)
    return user


def test_a_filter_is_stored_tried_and_then_switched_on(client, owner, at_once):
    ingest(bright("ZTF26aaaaaaa"))
    page = client.post(reverse("alerts:filter-create"), FORM, follow=True)
    one = AlertFilter.objects.get()
    assert "1 of 1" in page.content.decode().replace("<strong>", "")
    assert not one.is_on
    client.post(reverse("alerts:filter-action", args=[one.pk, "on"]))
    one.refresh_from_db()
    assert one.is_on
    client.post(reverse("alerts:filter-update", args=[one.pk]), {**FORM, "expression": "mag < 18"})
    one.refresh_from_db()
    assert (one.is_on, FilterTest.objects.count()) == (False, 2)


def test_a_filter_that_was_not_tried_is_not_switched_on(client, owner):
    one = made_filter(owner, on=False)
    page = client.post(reverse("alerts:filter-action", args=[one.pk, "on"]), follow=True)
    assert "Try the filter on past alerts first" in page.content.decode()
    assert not AlertFilter.objects.get().is_on


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("expression", "magn < 19", "did you mean mag?"),
        ("webhook_url", "https://evil.example/x", "this TOM sends nothing to evil.example"),
        ("note", "yes", "belong together"),
        ("source", "broker:99", "Select a valid choice"),
    ],
)
def test_what_is_wrong_stands_at_its_field(client, owner, field, value, words):
    page = client.post(reverse("alerts:filter-create"), {**FORM, field: value})
    assert page.status_code == 200
    found = " ".join(page.context["form"].errors.get(field, []))
    assert words.lower() in found.lower()


def test_rows_are_written_into_the_expression_without_script(client, owner):
    rows = {
        "condition_field": ["mag", "band", ""],
        "condition_operator": ["<", "in", "<"],
        "condition_value": ["19", "g, r", ""],
    }
    page = client.post(reverse("alerts:filter-create"), {**FORM, **rows, "use_conditions": "1"})
    assert "mag &lt; 19 and band in (&#x27;g&#x27;, &#x27;r&#x27;)" in page.content.decode()
    assert 'value="Rising"' in page.content.decode()
    assert not AlertFilter.objects.exists()


def test_while_one_types_the_place_of_an_error_is_shown(client, owner):
    url = reverse("alerts:filter-expression")
    told = client.post(url, {"expression": "mag < 19 andd band = 'g'"}).content.decode()
    assert "At character 10" in told and "<mark>a</mark>" in told
    told = client.post(
        f"{url}?from=rows",
        {"condition_field": ["mag"], "condition_operator": ["<"], "condition_value": ["19"]},
    ).content.decode()
    assert "mag &lt; 19</textarea>" in told and "Understood" in told


def test_a_stranger_finds_neither_filter_nor_candidate(client):
    one = made_filter(maker("owner"))
    ingest(bright("ZTF26aaaaaaa"))
    candidate = Candidate.objects.get()
    client.force_login(maker("stranger"))
    for url in (
        one.get_absolute_url(),
        reverse("alerts:filter-update", args=[one.pk]),
        reverse("alerts:candidate-card", args=[candidate.pk]),
        reverse("alerts:candidate-photometry", args=[candidate.pk]),
    ):
        assert client.get(url).status_code == 404
    for name, args in (("filter-action", [one.pk, "delete"]), ("candidate-decide", [candidate.pk])):
        assert client.post(reverse(f"alerts:{name}", args=args)).status_code == 404
    assert "ZTF26aaaaaaa" not in client.get(reverse("alerts:triage")).content.decode()


@pytest.mark.parametrize("name", ["filters", "filter-create", "watchlist-create", "triage"])
def test_an_anonymous_visitor_is_asked_to_log_in(client, name):
    answer = client.get(reverse(f"alerts:{name}"))
    assert answer.status_code == 302 and "login" in answer["Location"]


def test_a_member_sees_the_filter_but_does_not_change_it(client):
    group = team()
    one = made_filter(maker("owner"), groups=[group])
    client.force_login(maker("member", group))
    assert client.get(one.get_absolute_url()).status_code == 200
    assert client.get(reverse("alerts:filter-update", args=[one.pk])).status_code == 404


@pytest.mark.parametrize("count", [2, 25])
def test_the_pages_take_few_queries(client, owner, count, django_assert_max_num_queries):
    one = made_filter(owner)
    ingest(bright(*[f"ZTF26aaaa{number:03d}" for number in range(count)], cutouts=cutouts()))
    for number in range(3):
        made_filter(owner, name=f"Filter {number}")
    client.get(reverse("alerts:triage"))  # what is cached for the site is there
    with django_assert_max_num_queries(30):
        assert client.get(reverse("alerts:triage")).status_code == 200
    with django_assert_max_num_queries(16):
        client.get(reverse("alerts:filters"))
    with django_assert_max_num_queries(18):
        client.get(one.get_absolute_url())


def decided(client, candidate, **data):
    url = reverse("alerts:candidate-decide", args=[candidate.pk])
    return client.post(url, data, headers={"X-Requested-With": "fetch"})


def undone(client):
    return client.post(reverse("alerts:triage-undo"), headers={"X-Requested-With": "fetch"})


def test_the_first_of_the_queue_is_shown_with_images_curve_and_surroundings(client, owner):
    made_filter(owner)
    ingest(bright("ZTF26nearbyx", mag=20.0, ra_deg=150.1, dec_deg=2.2 + 10 / 3600))
    ingest(bright("ZTF26aaaaaaa", cutouts=cutouts(), extras={"classification": "SN Ia"}))
    text = client.get(reverse("alerts:triage")).content.decode()
    target = Target.objects.get(name="ZTF26aaaaaaa")
    assert reverse("dataproducts:photometry", args=[target.pk]) in text
    assert text.count('tom-cutout"') == 3
    for words in ("g 18.50 ± 0.10 AB", "SN Ia", "ZTF26nearbyx</a> 10.0″", "10:00:24", "Artefact"):
        assert words in text, words


def test_a_candidate_without_target_shows_its_own_curve_and_images_and_saving_makes_the_target(client, owner):
    wanted = TargetList.objects.create(name="Followed")
    grant_access(owner, wanted)
    made_filter(owner, permissions="PRIVATE")
    ingest(bright("ZTF26aaaaaaa", cutouts=cutouts()), only_known=True)
    candidate = Candidate.objects.get()
    curve = client.get(reverse("alerts:candidate-photometry", args=[candidate.pk])).json()
    assert curve["points"]["mag"] == [18.5] and curve["bands"] == ["g", "r"]
    image = client.get(reverse("alerts:candidate-image", args=[candidate.pk, "science"]))
    assert image.status_code == 200 and image["Content-Type"] == "image/png"
    told = decided(client, candidate, state="saved", list=wanted.pk).json()["text"]
    assert told == "ZTF26aaaaaaa saved, on the list Followed"
    target = Target.objects.get()
    assert target.permissions == "PRIVATE" and list(wanted.targets.all()) == [target]
    told = undone(client).json()["text"]
    assert told == ("ZTF26aaaaaaa is new again; it is off the list Followed; its target is in the trash.")
    assert not Target.objects.exists() and Candidate.objects.get().state == "new"


@pytest.mark.parametrize("state", ["rejected", "deferred"])
def test_a_decision_holds_for_the_object_in_all_ones_filters_and_is_undone_as_one(client, owner, state):
    made_filter(owner)
    made_filter(owner, name="Other")
    ingest(bright("ZTF26aaaaaaa"))
    assert client.get(reverse("alerts:triage")).content.decode().count("data-card=") == 1
    assert decided(client, Candidate.objects.first(), state=state, reason="AGN").status_code == 200
    assert set(Candidate.objects.values_list("state", flat=True)) == {state}
    assert "Nothing to judge" in client.get(reverse("alerts:triage")).content.decode()
    assert undone(client).status_code == 200
    assert set(Candidate.objects.values_list("state", flat=True)) == {"new"}
    assert undone(client).status_code == 409
    assert Decision.objects.exclude(undone=None).count() == 2


def test_what_a_colleague_decided_is_not_decided_over(client):
    group = team()
    owner, member = maker("owner"), maker("member", group)
    made_filter(owner, groups=[group])
    ingest(bright("ZTF26aaaaaaa"))
    candidate = Candidate.objects.get()
    client.force_login(owner)
    decided(client, candidate, state="rejected", reason="AGN")
    client.force_login(member)
    answer = decided(client, candidate, state="deferred")
    assert (answer.status_code, answer.json()["text"]) == (409, "ZTF26aaaaaaa was rejected by owner.")
    assert undone(client).json()["text"] == "There is nothing to undo."


def test_a_rejection_wants_a_reason(client, owner):
    made_filter(owner)
    ingest(bright("ZTF26aaaaaaa"))
    assert decided(client, Candidate.objects.get(), state="rejected").status_code == 409
    url = reverse("alerts:candidate-decide", args=[Candidate.objects.get().pk])
    page = client.post(url, {"rejected_as": "Artefact"}, follow=True)
    assert "ZTF26aaaaaaa rejected: Artefact" in page.content.decode()
    assert Candidate.objects.get().reason == "Artefact"


@pytest.mark.parametrize("state", ["open", "saved", "rejected", "deferred"])
def test_each_state_has_its_list(client, owner, state):
    made_filter(owner)
    ingest(bright("ZTF26aaaaaaa"))
    if state != "open":
        decided(client, Candidate.objects.get(), state=state, reason="AGN")
    for asked in ("open", "saved", "rejected", "deferred"):
        text = client.get(reverse("alerts:triage"), {"state": asked}).content.decode()
        assert ('data-candidate="' in text) == (asked == state)
    assert client.get(reverse("alerts:triage"), {"state": "x"}).status_code == 404


def test_a_watchlist_is_made_of_words_and_kept_while_a_filter_uses_it(client, owner):
    data = {"name": "Field", "radius_arcsec": "2", "shape": "CIRCLE ICRS 150 2 1"}
    client.post(reverse("alerts:watchlist-create"), data)
    one = Watchlist.objects.get()
    assert one.region.name == "Field"
    made = made_filter(owner, watchlist=one)
    page = client.post(one.get_absolute_url(), {"delete": "1"}, follow=True)
    assert "Filters use Field" in page.content.decode()
    made.delete()
    client.post(one.get_absolute_url(), {"delete": "1"})
    assert not Watchlist.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "nothing would be watched"),
        ({"shape": "BOX 1"}, "expected CIRCLE or POLYGON"),
        ({"radius_arcsec": "-1"}, "more than 0"),
    ],
)
def test_a_watchlist_that_watches_nothing_is_refused(client, owner, data, words):
    page = client.post(reverse("alerts:watchlist-create"), {"name": "Field", "radius_arcsec": "2", **data})
    assert words in page.content.decode()


@pytest.mark.parametrize(
    "wrong", [{"radius_arcsec": "-1"}, {"name": ""}, {"name": "x" * 101}], ids=["radius", "name", "length"]
)
def test_a_watchlist_that_is_refused_leaves_no_region_behind(client, owner, wrong):
    data = {"name": "Field", "radius_arcsec": "2", "shape": "CIRCLE ICRS 150 2 1"}
    page = client.post(reverse("alerts:watchlist-create"), {**data, **wrong})
    assert page.context["form"].errors and not SkyRegion.objects.exists()
    file = SimpleUploadedFile("field.json", b'{"5": [100, 101]}')
    client.post(reverse("alerts:watchlist-create"), {**data, **wrong, "shape": "", "file": file})
    assert not SkyRegion.objects.exists()
    file.seek(0)
    client.post(reverse("alerts:watchlist-create"), {**data, "shape": "", "file": file})
    assert Watchlist.objects.get().region == SkyRegion.objects.get()
