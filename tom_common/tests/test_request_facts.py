"""Where a form may lead to afterwards, and who wants JSON."""

import pytest
from django.test import RequestFactory

from tom_common.request_facts import own_address, wants_json


@pytest.mark.parametrize(
    ("wanted", "secure", "expected"),
    [
        ("/targets/1/?tab=x#y", True, True),
        ("https://testserver/targets/", True, True),
        ("http://testserver/targets/", True, False),
        ("http://testserver/targets/", False, True),
        ("https://elsewhere.example/", True, False),
        ("//elsewhere.example/", False, False),
        ("javascript:alert(1)", False, False),
        ("", False, False),
    ],
)
def test_a_form_leads_to_pages_of_this_site_only(wanted, secure, expected):
    request = RequestFactory().post("/", secure=secure)
    assert own_address(request, wanted) == (wanted if expected else "")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [("application/json", True), ("application/json, */*", True), ("text/html,*/*", False), ("", False)],
)
def test_a_script_asks_for_json(accept, expected):
    assert wants_json(RequestFactory().get("/", headers={"Accept": accept})) is expected
