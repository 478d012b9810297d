"""Comments: only who may see the object reads, writes, and is told of them."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.contenttypes.models import ContentType
from django.template import Context, Template
from django.test import RequestFactory, override_settings
from django.urls import reverse
from django_comments.models import Comment
from django_comments.signals import comment_will_be_posted

from tom_common import comments, contributions
from tom_common.models import Notification
from tom_common.tests.people_testing import PASSWORD, give, make_user

pytestmark = pytest.mark.django_db

LABEL = "auth.group"


def _visible_groups(user):
    """Groups stand in for targets: the public one is seen by everybody, the others by their members."""
    return Group.objects.filter(name="Open sky") | Group.objects.filter(user=user.pk or 0)


@pytest.fixture(autouse=True)
def _groups_are_commented(monkeypatch):
    monkeypatch.setattr(contributions, "_comment_access", {LABEL: _visible_groups})
    monkeypatch.setattr(Group, "get_absolute_url", lambda self: f"/groups/{self.pk}/", raising=False)


@pytest.fixture
def world():
    public, secret = Group.objects.create(name="Open sky"), Group.objects.create(name="Secret")
    member, stranger = make_user("member"), make_user("stranger")
    member.groups.add(secret)
    return {"public": public, "secret": secret, "member": member, "stranger": stranger}


def _post(client, instance, text="Fading fast.", **extra):
    data = {"content_type": LABEL, "object_pk": str(instance.pk), "comment": text, **extra}
    return client.post(reverse("comments-post-comment"), data)


def _comment(instance, user, text="Fading fast."):
    request = RequestFactory().get("/")
    request.user = user
    return comments.post_comment(request, instance, text)


def _render(source, user, **context):
    request = RequestFactory().get("/somewhere/")
    request.user = user
    template = Template("{% load tom_common_extras %}" + source)
    return template.render(Context({"user": user, "request": request, "csrf_token": "x", **context}))


def test_comment_is_stored_and_leads_back_to_its_place(client, world):
    client.force_login(world["member"])
    response = _post(client, world["secret"], next="/somewhere/?tab=comments")
    comment = Comment.objects.get()
    assert response["Location"] == f"/somewhere/?tab=comments#c{comment.pk}"
    assert (comment.comment, comment.user, comment.content_object) == (
        "Fading fast.",
        world["member"],
        world["secret"],
    )


def test_nul_is_left_out_of_a_comment(client, world):
    client.force_login(world["member"])
    assert _post(client, world["secret"], "Fading\0 fast.").status_code == 302
    assert Comment.objects.get().comment == "Fading fast."


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_comment_leads_to_this_site_only(client, world, address):
    client.force_login(world["member"])
    location = _post(client, world["secret"], next=address)["Location"]
    assert location == f"/groups/{world['secret'].pk}/#c{Comment.objects.get().pk}"


def test_stranger_is_told_nothing_about_an_object_they_may_not_see(client, world):
    client.force_login(world["stranger"])
    hidden = _post(client, world["secret"])
    missing = client.post(
        reverse("comments-post-comment"), {"content_type": LABEL, "object_pk": "987654", "comment": "x"}
    )
    assert hidden.status_code == missing.status_code == 404
    assert not Comment.objects.exists()
    assert _post(client, world["public"]).status_code == 302


@pytest.mark.parametrize(
    ("label", "pk"),
    [
        ("auth.user", "1"),
        ("auth", "1"),
        ("no.such", "1"),
        ("", ""),
        (LABEL, "x"),
        (LABEL, "9" * 60),
        (LABEL, "1 OR 1=1"),
        (LABEL, "\x00"),
    ],
)
def test_nonsense_is_not_found(client, world, label, pk):
    client.force_login(world["member"])
    data = {"content_type": label, "object_pk": pk, "comment": "x"}
    assert client.post(reverse("comments-post-comment"), data).status_code == 404


def test_what_an_expired_session_typed_is_in_the_form_after_login(client, world):
    response = _post(client, world["secret"], "Two magnitudes in a night!", next="/somewhere/")
    assert response["Location"] == f"{reverse('login')}?next=/somewhere/"
    assert not Comment.objects.exists()
    client.post(reverse("login"), {"username": "member", "password": PASSWORD})
    request = RequestFactory().get("/somewhere/")
    request.user, request.session = world["member"], client.session
    template = Template("{% load tom_common_extras %}{% comment_section group %}")
    html = template.render(Context({"user": request.user, "request": request, "group": world["secret"]}))
    assert "Two magnitudes in a night!</textarea>" in html


@pytest.mark.parametrize(
    ("text", "message"), [("  ", "Write something first."), ("x" * 3001, "At most 3000")]
)
def test_refused_text_stays_in_the_form(client, world, text, message):
    client.force_login(world["member"])
    response = _post(client, world["secret"], text)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert text.strip() in response.content.decode()
    assert not Comment.objects.exists()


def test_receiver_that_says_no_is_obeyed_and_the_text_stays(client, world):
    client.force_login(world["member"])

    def no(sender, **kwargs):
        return False

    comment_will_be_posted.connect(no, weak=False, dispatch_uid="no")
    try:
        response = _post(client, world["secret"])
    finally:
        comment_will_be_posted.disconnect(dispatch_uid="no")
    assert "Fading fast.</textarea>" in response.content.decode()
    assert not Comment.objects.exists()


def test_filled_trap_is_refused(client, world):
    client.force_login(world["member"])
    assert _post(client, world["secret"], honeypot="x").status_code == 400


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@vera look", ["vera"]),
        ("as @vera.rubin, @j-bell. said (@w+w)", ["vera.rubin", "j-bell", "w+w"]),
        ("mail vera@example.org and @vera @vera", ["vera"]),
        ("@@vera /@vera", []),
        ("nobody", []),
    ],
)
def test_mentions_are_read(text, names):
    assert comments.mentioned_names(text) == names


def test_mention_tells_only_who_may_see_the_object_and_never_the_author(world):
    other = make_user("other")
    other.groups.add(world["secret"])
    make_user("gone", is_active=False).groups.add(world["secret"])
    _comment(world["secret"], world["member"], "@other @stranger @member @gone @nobody look")
    told = Notification.objects.get()
    assert told.user == other
    assert told.text == "member named you in a comment on Secret"
    assert told.url == f"/groups/{world['secret'].pk}/#c{Comment.objects.get().pk}"


def test_mentioned_names_look_the_same_whether_they_exist_or_not(world):
    _comment(world["secret"], world["member"], "@stranger @nobody")
    html = _render("{% comment_section group %}", world["member"], group=world["secret"])
    assert "<p>@stranger @nobody</p>" in html


def test_recent_comments_are_those_on_visible_objects(world):
    _comment(world["secret"], world["member"], "hidden words")
    _comment(world["public"], world["member"], "open words")
    Comment.objects.create(
        content_type=ContentType.objects.get_for_model(User),
        object_pk=str(world["member"].pk),
        site_id=1,
        comment="unregistered words",
    )
    for user, seen in [
        (AnonymousUser(), ["open words"]),
        (world["stranger"], ["open words"]),
        (world["member"], ["hidden words", "open words"]),
    ]:
        html = _render("{% recent_comments %}", user)
        assert [text for text in ("hidden words", "open words", "unregistered words") if text in html] == seen


def test_recent_comments_are_limited_and_cheap(world, django_assert_max_num_queries):
    for n in range(12):
        _comment(world["public"], world["member"], f"words number {n:02d}")
    with django_assert_max_num_queries(6):
        html = _render("{% recent_comments limit=5 %}", world["member"])
    assert html.count("words number") == 5
    assert html.index("number 11") < html.index("number 07")


def test_removed_and_unpublished_comments_are_not_shown(world):
    for fields in ({"is_removed": True}, {"is_public": False}):
        comment = _comment(world["public"], world["member"], "withdrawn")
        Comment.objects.filter(pk=comment.pk).update(**fields)
    assert "withdrawn" not in _render("{% recent_comments %}", world["member"])
    assert "withdrawn" not in _render("{% comment_section group %}", world["member"], group=world["public"])


def test_section_asks_the_anonymous_to_log_in(world):
    html = _render("{% comment_section group %}", AnonymousUser(), group=world["public"])
    assert "Log in" in html and "<textarea" not in html


@pytest.mark.filterwarnings("ignore:The default scheme will be changed")  # in the form of django_comments
def test_templates_of_the_comments_app_show_ours(world):
    """Plugins' templates use the tags of django-contrib-comments itself."""
    _comment(world["public"], world["member"], "**bold**")
    source = "{% load comments %}{% render_comment_list for group %}{% render_comment_form for group %}"
    html = _render(source, world["member"], group=world["public"])
    assert "<strong>bold</strong>" in html
    assert f'name="object_pk" value="{world["public"].pk}"' in html
    assert f'action="{reverse("comments-post-comment")}"' in html


@override_settings(COMMENTS_ENABLED=False)
def test_comments_can_be_switched_off(client, world):
    client.force_login(world["member"])
    assert _post(client, world["public"]).status_code == 404
    assert _render("{% comment_section group %}", world["member"], group=world["public"]).strip() == ""
    assert _render("{% comments_enabled as on %}{{ on }}", world["member"]) == "False"


@pytest.mark.parametrize(
    ("who", "visible", "status"),
    [
        ("author", "secret", 200),
        ("staff", "public", 200),
        ("moderator", "public", 200),
        ("stranger", "public", 404),
        ("staff", "secret", 404),
        ("moderator", "secret", 404),
    ],
)
def test_who_may_delete(client, world, who, visible, status):
    users = {
        "author": world["member"],
        "staff": make_user("staff", is_staff=True),
        "moderator": give(make_user("moderator"), "django_comments.can_moderate"),
        "stranger": world["stranger"],
    }
    comment = _comment(world[visible], world["member"])
    url = reverse("comment-delete", args=[comment.pk])
    client.force_login(users[who])
    assert client.get(url).status_code == status
    assert Comment.objects.exists()
    assert client.post(url).status_code == (302 if status == 200 else 404)
    assert Comment.objects.exists() is (status != 200)


def test_anonymous_is_sent_to_login_before_deleting(client, world):
    comment = _comment(world["public"], world["member"])
    assert client.post(reverse("comment-delete", args=[comment.pk]))["Location"].startswith(reverse("login"))
    assert Comment.objects.exists()


def test_address_of_an_object_is_given_to_who_may_see_it(client, world):
    content_type = ContentType.objects.get_for_model(Group)
    url = reverse("comments-url-redirect", args=[content_type.pk, world["secret"].pk])
    assert client.get(url).status_code == 404
    client.force_login(world["member"])
    assert client.get(url)["Location"] == f"/groups/{world['secret'].pk}/"
    assert client.get(reverse("comments-url-redirect", args=[999999, 1])).status_code == 404


def test_pages_that_would_show_comments_to_anybody_do_not_exist(client, world):
    comment = _comment(world["secret"], world["member"], "hidden words")
    client.force_login(world["stranger"])
    for path in (
        f"/comments/flag/{comment.pk}/",
        f"/comments/posted/?c={comment.pk}",
        f"/comments/approve/{comment.pk}/",
    ):
        response = client.get(path)
        assert response.status_code == 404
        assert b"hidden words" not in response.content
