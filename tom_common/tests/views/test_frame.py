"""The bar over every page: which entry it marks as the page one is on."""

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from tom_common.tests.people_testing import cast

pytestmark = pytest.mark.django_db


def _marked(client, address):
    html = client.get(address).content.decode()
    bar = html.split('<ul class="navbar-nav">', 1)[1].split("</ul>", 1)[0]
    return re.findall(r'aria-current="page">([^<]+)<', bar)


@pytest.mark.parametrize(
    ("page", "expected"),
    [("user-list", ["Users"]), ("user-create", ["Users"]), ("group-create", ["Users"]), ("user-profile", [])],
)
def test_bar_marks_the_entry_of_the_page(client, page, expected):
    client.force_login(cast()["superuser"])
    assert _marked(client, reverse(page)) == expected


def test_bar_marks_users_on_the_page_of_a_group(client):
    client.force_login(cast()["superuser"])
    group = Group.objects.create(name="Supernovae")
    assert _marked(client, reverse("group-update", args=[group.pk])) == ["Users"]


def test_main_button_of_a_form_page_follows_its_fields_in_the_source(client):
    client.force_login(cast()["superuser"])
    html = client.get(reverse("group-create")).content.decode()
    assert 'class="tom-narrow tom-form-page"' in html
    assert html.index('name="permissions"') < html.index(">Add group</button>")
