"""The tags that plugins and projects use by name."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory, override_settings
from django.utils.safestring import mark_safe

from tom_common import contributions
from tom_common.tests.people_testing import make_user


def _render(source, path="/", **context):
    request = RequestFactory().get(path)
    request.user = context.get("user", AnonymousUser())
    return Template(source).render(Context({"request": request, "user": request.user, **context}))


def _extras(source, **context):
    return _render("{% load tom_common_extras %}" + source, **context)


def test_name_of_the_tom():
    with override_settings(TOM_NAME="Rubin follow-up"):
        assert _extras("{% tom_name %}") == "Rubin follow-up"
    with override_settings():
        from django.conf import settings

        del settings.TOM_NAME
        assert _extras("{% tom_name %}") == "TOM Toolkit"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% verbose_name thing 'first_name' %}", "First Name"),
        ("{% verbose_name thing 'no_such_field' %}", "No Such Field"),
        ("{% verbose_name thing 'email' as words %}[{{ words }}]", "[Email Address]"),
        ("{% verbose_name nothing 'some_field' %}", "Some Field"),
        ("{% help_text thing 'is_staff' %}", "Designates whether the user can log into this admin site."),
        ("{% help_text thing 'no_such_field' %}", ""),
        ("{{ 3|multiplyby:2 }} {{ 'x'|multiplyby:'y' }}", "6 "),
        ("{{ '2.5'|addstr:'m' }}", "2.5m"),
        ("{{ 3.14159265|truncate_number }} {{ 'x'|truncate_number }}", "3.1416 x"),
        ("{{ value|truncate_value_for_display }}", "a long text…"),
        ("{{ pi|truncate_value_for_display:6 }}", "3.1416"),
        ("{{ small|truncate_value_for_display:9 }}", "1.235e-07"),
        ("{{ none|truncate_value_for_display }}", ""),
        ("{% get_theme %}", "None"),
        ("{% comments_enabled as on %}{{ on }}", "True"),
    ],
)
def test_words_and_numbers(source, expected):
    context = {
        "thing": User(),
        "value": "a long text that goes on",
        "pi": 3.14159265,
        "small": 1.2345e-7,
        "none": None,
    }
    assert _extras(source, **context) == expected


def test_copy_button_carries_the_text():
    html = _extras("{% copy_button position 'Copy the position' %}", position='12:34:56.7 "')
    assert 'data-tom-copy="12:34:56.7 &quot;"' in html
    assert "Copy the position" in html


def test_contributed_part_sees_the_page_and_its_own_context():
    part = {
        "partial": "auth/partials/group_list.html",
        "context": {"groups": [Group(pk=1, name="Supernovae")]},
    }
    html = _extras("{% show_individual_app_partial part %}", part=part)
    assert "Supernovae" in html


def test_nav_items_are_shown_at_their_side(monkeypatch):
    parts = [
        contributions.Contribution("a", "tom_common/partials/user_data.html", position="left"),
        contributions.Contribution("b", "no/such.html", position="right"),
    ]
    monkeypatch.setattr(
        contributions, "nav_items", lambda position: [part for part in parts if part.position == position]
    )
    assert "Affiliation" in _extras("{% navbar_app_addons %}")
    assert _extras("{% navbar_app_addons position='right' %}").strip() == ""


@pytest.mark.django_db
def test_lists_and_cards_of_users():
    vera = make_user("vera", first_name="Vera")
    root = make_user("root", is_superuser=True)
    Group.objects.create(name="Supernovae").user_set.add(vera)
    make_user("pending", is_active=False)
    html = _render(
        "{% load user_extras %}{% user_list %}{% group_list %}{% pending_users_list %}"
        "{% include_app_user_lists %}{% user_data user %}{% security_card user %}"
        "{% show_app_profiles user %}",
        user=root,
    )
    for expected in ("vera", "Supernovae", "Waiting for approval", "Change password"):
        assert expected in html
    plain = _render(
        "{% load user_extras %}{% user_list %}{% group_list %}{% pending_users_list %}", user=vera
    )
    assert "Waiting for approval" not in plain
    assert "/delete/" not in plain
    assert f"/users/{vera.pk}/update/" in plain
    assert f"/users/{root.pk}/update/" not in plain


@pytest.mark.parametrize(
    ("strategy", "expected"), [(None, "False"), ("open", "True"), ("approval_required", "True")]
)
def test_registration_is_open(strategy, expected):
    with override_settings(TOM_REGISTRATION_STRATEGY=strategy):
        source = "{% registration_is_open as open %}{{ open }} {% mfa_can_be_disabled as mfa %}{{ mfa }}"
        assert _render("{% load user_extras %}" + source) == f"{expected} False"


@pytest.mark.parametrize("library", ["bootstrap5_overrides", "bootstrap4_overrides"])
def test_page_links_keep_the_query_string(library):
    page = Paginator(range(1000), 10).page(50)
    html = _render(
        f"{{% load {library} %}}{{% bootstrap_pagination page %}}", "/list/?q=a%26b&page=50", page=page
    )
    assert 'href="/list/?q=a%26b&amp;page=49"' in html
    assert 'href="/list/?q=a%26b&amp;page=51"' in html
    assert 'href="/list/?q=a%26b&amp;page=100"' in html
    assert html.count("aria-current") == 1
    assert "491 to 500 of 1000" in html


def test_page_links_of_an_empty_list_and_with_settings():
    empty = Paginator([], 10).page(1)
    arguments = "url='/x/?a=1' parameter_name='p' extra='b=2'"
    source = f"{{% load bootstrap5_overrides %}}{{% bootstrap_pagination page {arguments} %}}"
    html = _render(source, page=empty)
    assert 'href="/x/?a=1&amp;b=2&amp;p=1"' in html
    with override_settings(SHOW_PAGINATION_INFO=False):
        assert " of 30" not in _render(source, page=Paginator(range(30), 10).page(1))


def test_an_icon_with_a_safe_label_leaves_other_labels_escaped():
    source = "{% load front_end %}{% icon 'search' label %}"
    assert 'aria-label="R&D"' in _render(source, label=mark_safe("R&D"))
    assert 'aria-label="R&amp;D"' in _render(source, label="R&D")
