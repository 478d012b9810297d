"""The REST API of filters and candidates."""

import pytest

from tom_alerts.filter_models import AlertFilter, Candidate
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team

pytestmark = pytest.mark.django_db

FILTERS, CANDIDATES = "/api/alertfilters/", "/api/candidates/"


def post(client, url, **data):
    return client.post(url, data, content_type="application/json")


def test_a_filter_is_added_tried_and_switched_on(client, at_once):
    owner = maker()
    client.force_login(owner)
    ingest(bright("ZTF26aaaaaaa"))
    made = post(client, FILTERS, name="Bright", expression="mag < 19", webhook_secret="s").json()
    assert (made["owner"], made["is_on"], "webhook_secret" in made) == ("pi", False, False)
    url = f"{FILTERS}{made['id']}/"
    assert post(client, f"{url}on/").status_code == 409
    assert post(client, f"{url}test/").status_code == 202
    told = client.get(f"{url}test/").json()
    assert (told["sampled"], told["passed"], told["is_current"]) == (1, 1, True)
    assert post(client, f"{url}on/").status_code == 200
    changed = client.patch(url, {"expression": "mag < 18"}, content_type="application/json").json()
    assert changed["is_on"] is False


@pytest.mark.parametrize(("told", "seen"), [({}, "PRIVATE"), ({"permissions": "OPEN"}, "OPEN")])
def test_targets_of_a_new_filter_are_seen_as_new_targets_are(client, told, seen):
    client.force_login(maker())
    assert post(client, FILTERS, name="x", expression="mag < 1", **told).json()["permissions"] == seen


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("expression", "magn < 19", "did you mean mag?"),
        ("webhook_url", "https://evil.example/", "sends nothing to"),
        ("groups", [99], "does not exist"),
        ("permissions", "ALL", "not a valid choice"),
    ],
)
def test_a_wrong_filter_is_refused_at_its_field(client, field, value, words):
    client.force_login(maker())
    answer = post(client, FILTERS, **{"name": "x", "expression": "mag < 1", field: value})
    assert answer.status_code == 400
    assert words in str(answer.json()[field])


@pytest.mark.parametrize(
    ("who", "seen", "read", "changed", "decided"),
    [
        ("owner", 1, 200, 200, 200),
        ("member", 1, 200, 403, 200),
        ("stranger", 0, 404, 404, 404),
        (None, None, 401, 401, 401),
    ],
)
def test_who_may_do_what(client, who, seen, read, changed, decided):
    group = team()
    people = {"owner": maker("owner"), "member": maker("member", group), "stranger": maker("stranger")}
    one = made_filter(people["owner"], groups=[group])
    ingest(bright("ZTF26aaaaaaa"))
    candidate = Candidate.objects.get()
    if who:
        client.force_login(people[who])
        assert len(client.get(FILTERS).json()["results"]) == seen
        assert len(client.get(CANDIDATES).json()["results"]) == seen
    url = f"{FILTERS}{one.pk}/"
    assert client.get(url).status_code == read
    answer = client.patch(url, {"name": "New"}, content_type="application/json")
    assert answer.status_code == changed
    answer = post(client, f"{CANDIDATES}{candidate.pk}/decide/", state="rejected", reason="AGN")
    assert answer.status_code == decided
    assert AlertFilter.objects.get().name == ("New" if changed == 200 else "Bright")


def test_candidates_are_listed_by_filter_and_state_decided_and_undone(client):
    owner = maker()
    client.force_login(owner)
    one = made_filter(owner)
    ingest(bright("ZTF26aaaaaaa", "ZTF26bbbbbbb"))
    first, second = client.get(CANDIDATES, {"filter": one.pk, "state": "open"}).json()["results"]
    assert first["name"] == "ZTF26bbbbbbb" and first["facts"]["mag"] == 18.5
    url = f"{CANDIDATES}{first['id']}/decide/"
    assert post(client, url, state="rejected").status_code == 400
    told = post(client, url, state="rejected", reason="AGN").json()
    assert (told["state"], told["reason"], told["decided_by"]) == ("rejected", "AGN", "pi")
    assert post(client, url, state="saved").status_code == 409
    assert [row["id"] for row in client.get(CANDIDATES, {"state": "open"}).json()["results"]] == [
        second["id"]
    ]
    assert post(client, f"{CANDIDATES}undo/").json() == {"text": "ZTF26bbbbbbb is new again."}
    assert post(client, f"{CANDIDATES}undo/").status_code == 409
    for wrong in ({"state": "x"}, {"filter": "x"}):
        assert client.get(CANDIDATES, wrong).status_code == 400


@pytest.mark.parametrize("count", [1, 30])
def test_a_list_takes_few_queries(client, count, django_assert_max_num_queries):
    owner = maker()
    client.force_login(owner)
    made_filter(owner)
    ingest(bright(*[f"ZTF26aaaa{number:03d}" for number in range(count)]))
    with django_assert_max_num_queries(8):
        assert len(client.get(CANDIDATES).json()["results"]) == count


TOKEN_URL = "https://hooks.example.org/services/T0123456789?key=k"


@pytest.mark.parametrize(("who", "seen"), [("owner", TOKEN_URL), ("member", "https://hooks.example.org/")])
def test_the_address_of_a_webhook_is_its_owners_secret(client, who, seen):
    group = team()
    people = {"owner": maker("owner"), "member": maker("member", group)}
    one = made_filter(people["owner"], groups=[group], webhook_url=TOKEN_URL)
    client.force_login(people[who])
    assert client.get(f"{FILTERS}{one.pk}/").json()["webhook_url"] == seen
    assert client.get(FILTERS).json()["results"][0]["webhook_url"] == seen
