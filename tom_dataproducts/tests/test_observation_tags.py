"""The tags of files for the page of an observation record."""

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from tom_dataproducts.tests.factories import DataProductFactory
from tom_dataproducts.tests.people import shared_target

pytestmark = pytest.mark.django_db


def render(tag, **context):
    return Template(f"{{% load dataproduct_extras %}}{{% {tag} %}}").render(Context(context))


def test_saved_files_are_those_that_the_user_may_see(people):
    users, _ = people
    open_file = DataProductFactory(target=shared_target(people, "OPEN"), data__filename="open.csv")
    private = DataProductFactory(target=shared_target(people, "PRIVATE"), data__filename="private.csv")
    request = RequestFactory().get("/")
    for given in ([open_file, private], {"saved": [open_file, private], "unsaved": []}):
        for name, seen in (("stranger", False), ("member", True)):
            request.user = users[name]
            text = render(
                "dataproduct_list_for_observation_saved data_products request",
                data_products=given,
                request=request,
            )
            assert open_file.get_file_name() in text
            assert (private.get_file_name() in text) == seen
    request.user = users["stranger"]
    text = render(
        "dataproduct_list_for_observation_saved data_products request", data_products=[], request=request
    )
    assert "No file of this observation" in text


def test_files_at_the_facility_can_be_chosen_and_only_web_addresses_are_links():
    given = [
        {
            "id": "7",
            "filename": "image.fits",
            "created": "2026-11-01",
            "url": "https://archive.example/image.fits",
        },
        {"id": "8", "filename": "<b>bad</b>", "created": "", "url": "javascript:alert(1)"},
    ]
    for products in (given, {"saved": [], "unsaved": given}):
        text = render("dataproduct_list_for_observation_unsaved data_products", data_products=products)
        assert 'name="products" value="7"' in text
        assert 'href="https://archive.example/image.fits"' in text
        assert "javascript:" not in text
        assert "&lt;b&gt;bad" in text
