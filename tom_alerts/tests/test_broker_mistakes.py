"""What somebody who writes a broker gets wrong, and what the pages and ``check`` say of it."""

import sys
from types import ModuleType

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse

from tom_alerts.alerts import GenericAlert, GenericBroker, GenericQueryForm
from tom_alerts.models import BrokerQuery
from tom_dataservices import runs
from tom_dataservices.providers import provider

MODULE = "tutorial_of_mistakes"
ALERT = {"id": 1, "name": "Tatooine", "ra": 187.3, "dec": -30.5}


class NameForm(GenericQueryForm):
    target_name = forms.CharField()


class BareForm(forms.Form):
    target_name = forms.CharField()


class BreakingForm(GenericQueryForm):
    def __init__(self, *args, **kwargs):
        raise RuntimeError("no list of classes")


def as_generic(self, alert):
    return GenericAlert(timestamp="2018-10-08", mag=17.5, score=0.9, url="", **alert)


def fetched(self, parameters):
    return iter([ALERT])


def fetched_in_part(self, parameters):
    yield ALERT
    raise ValueError("the second is broken.")


def begun(self):
    raise RuntimeError("no key")


WHOLE = {"form": NameForm, "fetch_alerts": fetched, "to_generic_alert": as_generic}


@pytest.fixture
def written(settings, monkeypatch):
    """Give what writes a broker called Mine into a module, beside one that is right."""
    module = ModuleType(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, module)

    def write(class_name, **parts):
        parts = {
            name: part for name, part in {"name": class_name, **WHOLE, **parts}.items() if part is not ...
        }
        setattr(module, class_name, type(class_name, (GenericBroker,), {"__module__": MODULE, **parts}))

    def write_mine(**parts):
        write("Right")
        write("Mine", **parts)
        settings.TOM_ALERT_CLASSES = [f"{MODULE}.Right", f"{MODULE}.Mine"]

    return write_mine


@pytest.fixture
def astronomer(db, at_once, client):
    user = User.objects.create_user("astronomer", password="pw")
    client.force_login(user)
    return user


def kept(name="Mine"):
    asked = {"query_name": "Star Wars", "broker": name, "target_name": "Tatooine"}
    return BrokerQuery.objects.create(name="Star Wars", broker=name, parameters=asked)


def text_of(answer):
    return answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"')


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"fetch_alerts": ...}, "which lacks what it must define: fetch_alerts"),
        ({"to_generic_alert": ...}, "which lacks what it must define: to_generic_alert"),
        ({"form": None}, "which has no form: set `form` to a class that extends tom_alerts"),
        ({"form": BareForm}, "which has a form that does not extend tom_alerts.alerts.GenericQueryForm"),
        ({"form": dict}, "which has a form that does not extend tom_alerts.alerts.GenericQueryForm"),
        ({"name": ...}, "which has no name: set `name`"),
    ],
    ids=["fetch_alerts", "to_generic_alert", "no form", "plain form", "no form class", "no name"],
)
def test_a_class_that_lacks_something_is_named_on_the_page_and_in_check(
    written, astronomer, client, capsys, parts, words
):
    written(**parts)
    call_command("check")
    sentence = f"settings.TOM_ALERT_CLASSES names '{MODULE}.Mine', {words}"
    assert sentence in capsys.readouterr().err
    page = client.get("/alerts/query/list/")
    assert sentence in text_of(page)
    assert reverse("alerts:create") + "?broker=Right" in text_of(page)
    for answer in (
        client.get(reverse("alerts:create"), {"broker": "Mine"}),
        client.get(reverse("alerts:run", args=[kept().pk])),
    ):
        assert answer.status_code in (200, 302, 404, 502)


@pytest.mark.parametrize(
    ("parts", "status", "words"),
    [
        ({"form": None}, 502, "Mine cannot do that: it has no form to ask with."),
        ({"form": dict}, 502, "Mine cannot do that: it has no form to ask with."),
        ({"form": BreakingForm}, 502, "Mine failed: RuntimeError: no list of classes."),
    ],
    ids=["no form", "no form class", "breaking form"],
)
def test_a_form_that_cannot_be_shown_is_a_sentence(written, astronomer, client, parts, status, words):
    written(**parts)
    for answer in (
        client.get(reverse("alerts:create"), {"broker": "Mine"}),
        client.post(reverse("alerts:create"), {"broker": "Mine", "query_name": "q"}),
        client.get(reverse("alerts:update", args=[mine(astronomer).pk])),
    ):
        assert answer.status_code == status
        assert words in text_of(answer)


def mine(user):
    query = kept()
    query.user = user
    query.save()
    return query


def test_a_form_that_cannot_be_kept_is_a_sentence(written, astronomer, client):
    written(form=BareForm)
    answer = client.post(reverse("alerts:create"), {"broker": "Mine", "target_name": "Tatooine"})
    assert answer.status_code == 502
    assert "Mine failed: AttributeError: 'BareForm' object has no attribute 'save'" in text_of(answer)
    assert not BrokerQuery.objects.exists()


def test_a_kept_query_of_a_broker_that_lacks_a_method_is_a_sentence(written, astronomer, client):
    written(fetch_alerts=...)
    sentence = "which lacks what it must define: fetch_alerts"
    page = text_of(client.get(reverse("alerts:run", args=[kept().pk]), follow=True))
    assert "Star Wars: Mine is not installed" in page
    assert sentence in page
    form = client.get(reverse("alerts:create"), {"broker": "Mine"})
    assert (form.status_code, sentence in text_of(form)) == (404, True)


@pytest.mark.parametrize(
    ("parts", "words", "count"),
    [
        ({"__init__": begun}, "Mine failed: RuntimeError: no key.", 0),
        ({"fetch_alerts": fetched_in_part}, "Mine failed: ValueError: the second is broken. Its", 1),
        ({"fetch_alerts": lambda self, parameters: [ALERT]}, "Mine gave 1 result", 1),
        ({"get_broker_context_data": begun}, "Mine failed: TypeError", 1),
        ({"template_name": "no/such.html"}, "Mine gave 1 result", 1),
    ],
    ids=["begins", "generator", "list", "context", "template"],
)
def test_what_came_is_shown_whatever_else_fails(written, astronomer, client, parts, words, count):
    written(**parts)
    page = client.get(reverse("alerts:run", args=[kept().pk]))
    assert page.status_code == 200
    assert words in text_of(page)
    assert len(page.context["rows"]) == count


def test_results_stay_when_their_broker_breaks_later(written, astronomer, client):
    written()
    run = runs.start_run(provider("broker", "Mine", astronomer), {"target_name": "Tatooine"})
    written(__init__=begun)
    page = client.get(run.get_absolute_url())
    assert "Mine failed: RuntimeError: no key." in text_of(page)
    assert [row.result.name for row in page.context["rows"]] == ["Tatooine"]
    written(fetch_alerts=...)
    assert len(client.get(run.get_absolute_url()).context["rows"]) == 1


def test_a_name_with_signs_is_a_link_that_works(written, astronomer, client):
    written(name="Mine & Söhne")
    page = text_of(client.get("/alerts/query/list/"))
    assert "?broker=Mine+%26+S%C3%B6hne" in page
    assert client.get(reverse("alerts:create") + "?broker=Mine%20%26%20S%C3%B6hne").status_code == 200
