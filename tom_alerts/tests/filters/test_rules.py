"""What a filter may be and when it may be on: the same on its page and in the API, whoever is quicker."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tom_alerts.filter_forms import FilterForm
from tom_alerts.filter_models import AlertFilter, FilterTest
from tom_alerts.filter_rules import switch_off, switch_on
from tom_alerts.tests.filters.making import made_filter, maker
from tom_alerts.tests.filters.test_api import FILTERS, post
from tom_alerts.tests.filters.test_pages import FORM

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    user = maker()
    client.force_login(user)
    return user


def patched(client, one, **data):
    return client.patch(f"{FILTERS}{one.pk}/", data, content_type="application/json")


WRONG = [
    ("survey", "Nowhere", "not"),
    ("note_key", "why", "belong together"),
    ("note", "bright", "belong together"),
    ("expression", "magn < 19", "did you mean mag?"),
    ("webhook_url", "https://evil.example/", "This TOM sends nothing to evil.example"),
    ("webhook_url", "no address", "valid URL"),
    ("max_per_hour", "-1", "0"),
]


@pytest.mark.parametrize(
    ("field", "value", "words"), WRONG, ids=[f"{name}-{value}" for name, value, _ in WRONG]
)
def test_page_and_api_refuse_the_same(client, owner, field, value, words):
    answer = post(client, FILTERS, **{"name": "x", "expression": "mag < 19", field: value})
    assert answer.status_code == 400
    page = client.post(reverse("alerts:filter-create"), {**FORM, field: value})
    told = page.context["form"].errors
    assert list(answer.json()) == list(told)
    assert all(words in str(said) for said in (answer.json(), told))
    assert not AlertFilter.objects.exists()


def test_somebody_who_may_make_no_targets_has_no_filter_that_does(client, django_user_model):
    reader = django_user_model.objects.create_user("reader")
    reader.groups.clear()
    client.force_login(reader)
    answer = post(client, FILTERS, name="x", expression="mag < 19", makes="target")
    assert answer.json() == {"makes": ["You may not make targets."]}
    page = client.post(reverse("alerts:filter-create"), {**FORM, "makes": "target"})
    assert "makes" in page.context["form"].errors


def test_a_note_and_its_value_may_be_changed_one_by_one(client, owner):
    one = made_filter(owner, note_key="why", note="bright")
    assert patched(client, one, note="faint").status_code == 200
    assert patched(client, one, note="").json() == {"note": ["A field and its value belong together."]}
    assert patched(client, one, note="", note_key="").status_code == 200


def test_a_survey_that_a_filter_looks_at_stays_possible(client, owner):
    one = made_filter(owner, survey="Own")
    assert patched(client, one, survey="Own", name="New").status_code == 200
    form = {**FORM, "survey": "Own", "name": "Newer"}
    client.post(reverse("alerts:filter-update", args=[one.pk]), form)
    assert AlertFilter.objects.get().name == "Newer"


@pytest.mark.parametrize("way", ["api", "page"])
def test_an_expression_is_never_stored_as_on_before_it_was_tried(client, owner, way, at_once, monkeypatch):
    one = made_filter(owner)
    stored = []
    save = AlertFilter.save

    def noted(self, *args, **options):
        save(self, *args, **options)
        stored.append(AlertFilter.objects.values_list("expression", "is_on").get())

    monkeypatch.setattr(AlertFilter, "save", noted)
    if way == "api":
        assert patched(client, one, expression="mag < 18").json()["is_on"] is False
    else:
        client.post(
            reverse("alerts:filter-update", args=[one.pk]),
            {**FORM, "name": "Bright", "expression": "mag < 18"},
        )
    assert stored == [("mag < 18", False)]


def test_what_was_switched_off_meanwhile_stays_off_and_its_counts_stay(owner):
    one = made_filter(owner)
    form = FilterForm({**FORM, "name": "New"}, user=owner, instance=AlertFilter.objects.get())
    assert form.is_valid(), form.errors
    switch_off(one)
    AlertFilter.objects.update(left_out=7, problem="cannot be used")
    form.save()
    stored = AlertFilter.objects.get()
    assert (stored.name, stored.is_on, stored.left_out, stored.problem) == ("New", False, 7, "cannot be used")


def test_a_filter_that_was_changed_meanwhile_is_not_switched_on(owner):
    one = made_filter(owner)
    switch_off(one)
    AlertFilter.objects.update(expression="mag < 99")
    assert not switch_on(one)
    assert not AlertFilter.objects.get().is_on


def tried(one, **values):
    return FilterTest.objects.create(
        alert_filter=one, user=one.user, **{"mark": one.mark(), "finished": timezone.now(), **values}
    )


@pytest.mark.parametrize(
    ("trials", "may"),
    [
        ([], False),
        ([{"finished": None}], False),
        ([{"error": "no field magn"}], False),
        ([{"mark": "another"}], False),
        ([{}], True),
        ([{}, {"mark": "another"}], True),  # changed, and changed back
        ([{}, {"error": "no field magn"}], False),
        ([{}, {"finished": None}], True),
    ],
)
def test_page_api_and_switch_agree_whether_a_filter_was_tried(client, owner, trials, may):
    one = made_filter(owner, on=False)
    for values in trials:
        tried(one, **values)
    page = client.get(one.get_absolute_url()).content.decode()
    assert ("Switch on" in page, "Try on past alerts" in page) == (may, not may)
    if may:
        assert "The filter was changed since" not in page
    assert client.get(f"{FILTERS}{one.pk}/test/").json()["is_current"] is may
    assert post(client, f"{FILTERS}{one.pk}/on/").status_code == (200 if may else 409)
