"""What somebody who writes a data service gets wrong, and what the pages and ``check`` say of it."""

import sys
from types import ModuleType

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse

from tom_dataservices.dataservices import DataService
from tom_dataservices.forms import BaseQueryForm
from tom_targets.models import Target

MODULE = "tutorial_of_services"
ROW = {"name": "Tatooine", "ra": 187.3, "dec": -30.5}


class NameForm(BaseQueryForm):
    target_name = forms.CharField()


def failing(*args, **kwargs):
    raise RuntimeError("no key")


def fetched_in_part(self, query_parameters, **kwargs):
    yield ROW
    raise ValueError("the second is broken")


WHOLE = {
    "name": "Mine",
    "get_form_class": classmethod(lambda cls: NameForm),
    "build_query_parameters": lambda self, parameters, **kwargs: parameters,
    "query_service": lambda self, query_parameters, **kwargs: [ROW],
    "query_targets": lambda self, query_parameters, **kwargs: [ROW],
    "create_target_from_query": lambda self, target_result, **kwargs: Target(
        type="SIDEREAL", **target_result
    ),
}


@pytest.fixture
def written(settings, monkeypatch):
    """Give what writes a data service called Mine into a module."""
    module = ModuleType(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, module)

    def write(**parts):
        given = {**WHOLE, **parts, "__module__": MODULE}
        body = {name: part for name, part in given.items() if part is not ...}
        module.Mine = type("Mine", (DataService,), body)
        settings.TOM_DATA_SERVICE_CLASSES = [f"{MODULE}.Mine"]

    return write


@pytest.fixture
def astronomer(db, at_once, client):
    user = User.objects.create_user("astronomer", password="pw")
    client.force_login(user)
    return user


def text_of(answer):
    return answer.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"query_service": ...}, "lacks what it must define: query_service"),
        ({"name": ...}, "has no name: set `name`"),
    ],
)
def test_a_class_that_lacks_something_is_named_on_the_page_and_in_check(
    written, astronomer, client, capsys, parts, words
):
    written(**parts)
    call_command("check")
    sentence = f"settings.TOM_DATA_SERVICE_CLASSES names '{MODULE}.Mine', which {words}"
    assert sentence in capsys.readouterr().err
    page = client.get(reverse("dataservices:query_list"))
    assert sentence in text_of(page)
    assert "Fink ZTF" in text_of(page)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"get_form_class": ...}, "Mine cannot do that: Mine has no query form"),
        ({"get_form_class": classmethod(failing)}, "Mine failed: RuntimeError: no key."),
        (
            {"get_simple_form_partial": classmethod(lambda cls: "no/such.html")},
            "Mine failed: TemplateDoesNot",
        ),
    ],
    ids=["no form", "failing form", "no template"],
)
def test_a_form_that_cannot_be_shown_is_a_sentence(written, astronomer, client, parts, words):
    written(**parts)
    answer = client.get(reverse("dataservices:create"), {"data_service": "Mine"})
    assert answer.status_code == 502
    assert words in text_of(answer)


@pytest.mark.parametrize(
    ("parts", "words", "count"),
    [
        ({"__init__": failing}, "Mine failed: RuntimeError: no key.", 0),
        ({"build_query_parameters": ...}, "Mine cannot do that: Mine takes no query from a form", 0),
        ({"query_targets": fetched_in_part}, "Mine failed: ValueError: the second is broken.", 1),
        ({"get_additional_context_data": failing}, "Mine failed: RuntimeError: no key.", 1),
        ({"query_results_table": "no/such.html"}, "Mine failed: TemplateDoesNotExist", 1),
        ({}, "Mine gave 1 result", 1),
    ],
    ids=["begins", "parameters", "generator", "context", "template", "right"],
)
def test_what_came_is_shown_whatever_else_fails(written, astronomer, client, parts, words, count):
    written(**parts)
    asked = {"data_service": "Mine", "target_name": "Tatooine"}
    page = client.post(reverse("dataservices:create"), asked, follow=True)
    assert page.status_code == 200
    assert words in text_of(page)
    assert [row.result.name for row in page.context["rows"]] == ["Tatooine"] * count
