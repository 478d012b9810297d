import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django_comments.models import Comment

from tom_common import contributions
from tom_common.contributions import Contribution, part_context

HERE = "tom_common.tests.plugged"


@pytest.fixture
def offer(monkeypatch):
    """Let an app offer items through a method of its AppConfig."""

    def offering(method, items, app="tom_common"):
        def offered():
            if isinstance(items, Exception):
                raise items
            return items

        monkeypatch.setattr(apps.get_app_config(app), method, offered, raising=False)

    return offering


def test_items_come_in_the_order_of_the_apps(offer):
    offer("target_detail_tabs", [{"partial": "late.html", "label": "Late"}], app="tom_targets")
    offer("target_detail_tabs", [{"partial": "early.html", "label": "Early"}])
    tabs = [
        part for part in contributions.target_detail_tabs() if part.app_label in ("tom_common", "tom_targets")
    ]

    assert [(tab.partial, tab.label, tab.app_label) for tab in tabs] == [
        ("early.html", "Early", "tom_common"),
        ("late.html", "Late", "tom_targets"),
    ]


def test_app_that_raises_does_not_hide_the_others(offer, caplog):
    offer("target_detail_buttons", RuntimeError("broken app"))
    offer("target_detail_buttons", [{"partial": "b.html"}], app="tom_targets")
    buttons = contributions.target_detail_buttons()

    assert "b.html" in [button.partial for button in buttons]
    assert "broken app" in caplog.text


@pytest.mark.parametrize("offered", [None, [], ()])
def test_app_may_offer_nothing(offer, offered):
    offer("user_lists", offered)

    assert [part for part in contributions.user_lists() if part.app_label == "tom_common"] == []


@pytest.mark.parametrize("item", [{}, {"label": "x"}, "text", None])
def test_item_without_partial_is_left_out(offer, caplog, item):
    offer("target_detail_tabs", [item], app="tom_calendar")

    assert not [part for part in contributions.target_detail_tabs() if part.app_label == "tom_calendar"]
    assert "names no partial" in caplog.text


def test_profile_details_need_a_context(offer, caplog):
    offer("profile_details", [{"partial": "a.html"}, {"partial": "b.html", "context": f"{HERE}.context_of"}])
    partials = [part.partial for part in contributions.profile_details()]

    assert "b.html" in partials
    assert "a.html" not in partials
    assert "without a context" in caplog.text


def test_nav_items_stand_left_unless_they_say_right(offer):
    offer(
        "nav_items", [{"partial": "l.html"}, {"partial": "r.html", "position": "right"}], app="tom_calendar"
    )

    def of_calendar(position):
        return [p.partial for p in contributions.nav_items(position) if p.app_label == "tom_calendar"]

    assert (of_calendar("left"), of_calendar("right"), of_calendar(None)) == (
        ["l.html"],
        ["r.html"],
        ["l.html", "r.html"],
    )


def test_home_sections_stand_in_their_order(offer):
    context = f"{HERE}.context_of"
    offer("home_sections", [{"partial": "2.html", "context": context, "order": 10**6 + 2}])
    offer(
        "home_sections", [{"partial": "1.html", "context": context, "order": 10**6 + 1}], app="tom_calendar"
    )

    assert [part.partial for part in contributions.home_sections()][-2:] == ["1.html", "2.html"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, {}),
        (f"{HERE}.context_of", {"given": "argument"}),
        (f"{HERE}.template_context", {"given": "by a context", "True": True, "False": False, "None": None}),
        (f"{HERE}.no_context", None),
        (f"{HERE}.wrong_context", None),
        (f"{HERE}.raising", None),
        ("no.such.function", None),
    ],
)
def test_context_function_never_takes_the_page_down(path, expected):
    part = Contribution(app_label="x", partial="x.html", context_path=path)

    assert part_context(part, "argument") == expected


def test_context_function_that_raises_is_logged(caplog):
    part_context(Contribution(app_label="x", partial="x.html", context_path=f"{HERE}.raising"), {})

    assert "offline" in caplog.text
    assert "x.html is not shown" in caplog.text


# --- who may see a comment


def _comment(on, text):
    return Comment.objects.create(
        content_type=ContentType.objects.get_for_model(on),
        object_pk=str(on.pk),
        site=Site.objects.get_current(),
        comment=text,
    )


def test_comments_are_seen_by_those_who_see_what_they_are_on(db, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(contributions, "_comment_access", {})
    member = get_user_model().objects.create(username="member")
    seen, hidden = Group.objects.create(name="seen"), Group.objects.create(name="hidden")
    member.groups.add(seen)
    _comment(seen, "on what is seen")
    _comment(hidden, "on what is hidden")
    _comment(member, "on a model that nobody registered")
    orphan = _comment(seen, "on something deleted")
    Comment.objects.filter(pk=orphan.pk).update(object_pk="999999")
    contributions.register_comment_access(
        "auth.Group", lambda user: Group.objects.filter(user=user.pk) if user.pk else Group.objects.none()
    )

    with django_assert_max_num_queries(2):
        found = list(contributions.comments_for_user(member, Comment.objects.all()))

    assert [comment.comment for comment in found] == ["on what is seen"]
    assert not contributions.comments_for_user(AnonymousUser(), Comment.objects.all()).exists()
