"""Pages of data services: who may see and do what, what they say, and how many queries they take."""

import pytest
from django.test import Client
from django.urls import reverse

from tom_common.grants import grant_access
from tom_dataproducts.models import ServiceCredential, ServiceQuery
from tom_dataproducts.single_target_data_service.queries import start_query
from tom_dataproducts.single_target_data_service.single_target_data_service import get_service_class

State = ServiceQuery.State
PEOPLE = ("anonymous", "stranger", "member", "owner", "staff", "superuser")


def by_person(*values):
    return dict(zip(PEOPLE, values, strict=True))


@pytest.fixture
def pages(people, group, target):
    """Give a browser for each of the people; the group may see the target."""
    grant_access(group, target, ["view_target"])
    made = {}
    for name, user in people.items():
        made[name] = Client()
        if user is not None:
            made[name].force_login(user)
    return made


@pytest.fixture
def query(atlas, target, people):
    return start_query(get_service_class("Atlas")(), {"target_id": target.pk}, user=people["owner"])[0]


def form_url(target, service="Atlas"):
    path = reverse("dataproducts:single-target-data-service-query", args=[service])
    return f"{path}?target_id={target.pk}"


def statuses(pages, url, method="get"):
    return {name: getattr(page, method)(url).status_code for name, page in pages.items()}


def test_who_may_open_the_form(atlas, pages, target):
    assert form_url(target).startswith(
        "/dataproducts/data/single_target_data_service/Atlas/query/?target_id="
    )
    expected = by_person(404, 404, 403, 200, 404, 200)
    assert statuses(pages, form_url(target)) == expected
    answer = pages["owner"].get(form_url(target))
    assert (answer.context["target"].pk, answer.context["query_form"]["service"].value()) == (
        target.pk,
        "Atlas",
    )
    assert answer.context["info_url"].startswith("https://fallingstar-data.com/")
    assert "tom_dataproducts/single_target_data_service_form.html" in [
        found.name for found in answer.templates
    ]


@pytest.mark.parametrize("page", ["service-query", "service-query-status"])
def test_who_may_see_a_query(pages, query, page):
    url = reverse(f"dataproducts:{page}", args=[query.pk])
    expected = by_person(302, 404, 200, 200, 404, 200)
    assert statuses(pages, url) == expected


@pytest.mark.parametrize("page", ["service-query-retry", "service-query-cancel"])
def test_who_may_change_a_query(pages, query, page):
    url = reverse(f"dataproducts:{page}", args=[query.pk])
    expected = by_person(302, 404, 403, 302, 404, 302)
    assert statuses(pages, url, "post") == expected
    assert pages["owner"].get(url).status_code == 405


@pytest.mark.parametrize("page", ["service-query-list", "data-service-list"])
def test_lists_are_for_users(atlas, pages, page):
    found = statuses(pages, reverse(f"dataproducts:{page}"))
    assert found == {name: 302 if name == "anonymous" else 200 for name in PEOPLE}


def test_others_queries_are_not_listed(pages, query, target):
    url = reverse("dataproducts:service-query-list")
    shown = {name: target.name in page.get(url).content.decode() for name, page in pages.items()}
    assert {name for name, is_shown in shown.items() if is_shown} == {"owner", "superuser"}


def test_the_form_asks_and_leads_back_to_the_light_curve(atlas, pages, target, work, the_query):
    sent = {"service": "Atlas", "target_id": target.pk, "min_date": "2026-08-01", "use_reduced": "on"}
    answer = pages["owner"].post(form_url(target), sent)
    assert answer.url == f"{target.get_absolute_url()}?tab=photometry#data-services"
    work()
    assert the_query().state == State.DONE
    assert (atlas.tasks[1000]["mjd_min"], atlas.tasks[1000]["use_reduced"]) == (61253.0, True)


def test_the_second_request_is_led_to_the_first(pages, query, target):
    answer = pages["owner"].post(form_url(target), {"service": "Atlas", "target_id": target.pk})
    assert answer.url == query.get_absolute_url()
    assert ServiceQuery.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"min_date": "yesterday"}, "yesterday is not a time"),
        ({"min_date": "61000", "max_date": "60000"}, "This is not after the begin."),
        ({"min_date": "61000", "all_history": "on"}, "Give dates, or tick this: not both."),
        ({"min_date": "88000"}, "This is in the future."),
        ({"min_date": "1e300"}, "no survey asked here"),
        ({"mpc_name": "x'; y"}, "no quotes and no semicolon"),
        ({"target_id": "999999"}, None),
        ({"target_id": "x"}, None),
    ],
)
def test_bad_input_is_explained_and_nothing_is_asked(atlas, pages, target, sent, words):
    answer = pages["owner"].post(form_url(target), {"service": "Atlas", "target_id": target.pk, **sent})
    assert answer.status_code == (404 if words is None else 200)
    if words:
        assert words in answer.content.decode()
    assert ServiceQuery.objects.count() == 0


def test_an_unknown_service_is_not_found(atlas, pages, target):
    assert pages["owner"].get(form_url(target, "Nothing")).status_code == 404


def test_the_section_shows_services_queries_and_what_is_missing(pages, query, target, settings):
    url = reverse("targets:section", args=[target.pk, "data-services"])
    page = pages["owner"].get(url, headers={"HX-Request": "true"}).content.decode()
    assert form_url(target).replace("&", "&amp;") in page
    assert "Not set up in this TOM: SINGLE_TARGET_DATA_SERVICES" in page
    assert "Submitted" in page and 'hx-trigger="every 5s"' in page
    settings.SINGLE_TARGET_DATA_SERVICES["ATLAS"]["api_key"] = ""
    page = pages["owner"].get(url, headers={"HX-Request": "true"}).content.decode()
    assert "It needs your ATLAS token, or &#x27;api_key&#x27; in SINGLE_TARGET_DATA_SERVICES" in page
    assert form_url(target) not in page
    member = pages["member"].get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Submitted" in member and "Cancel" not in member


def test_a_key_is_stored_encrypted_used_and_never_shown(
    atlas, pages, people, target, settings, work, the_query
):
    config = settings.SINGLE_TARGET_DATA_SERVICES["ATLAS"]
    key, config["api_key"] = config["api_key"], ""
    url = reverse("dataproducts:data-service-key", args=["Atlas"])
    assert pages["owner"].post(url, {"api_key": key}).status_code == 302
    raw = ServiceCredential.objects.extra(select={"raw": "secrets"}).values_list("raw", flat=True)[0]
    assert key.encode() not in bytes(raw)
    pages["owner"].post(form_url(target), {"service": "Atlas", "target_id": target.pk})
    work()
    assert the_query().state == State.DONE, "a job uses the key of its user"
    seen = [
        url,
        reverse("dataproducts:data-service-list"),
        the_query().get_absolute_url(),
        the_query().job.get_absolute_url(),
    ]
    assert not any(key in pages["owner"].get(page).content.decode() for page in seen)
    pages["owner"].post(url, {"api_key-clear": "on"})
    assert ServiceCredential.objects.count() == 0


def test_query_counts(pages, query, target, people, django_assert_max_num_queries):
    section = reverse("targets:section", args=[target.pk, "data-services"])
    listed = reverse("dataproducts:service-query-list")
    for number in range(20):
        ServiceQuery.objects.create(
            target=target,
            user=people["owner"],
            service="Atlas",
            product_type="atlas_photometry",
            words=str(number),
        )
    for url, most in ((section, 12), (listed, 12), (query.get_absolute_url(), 12)):
        with django_assert_max_num_queries(most):
            assert pages["owner"].get(url, headers={"HX-Request": "true"}).status_code == 200
