"""The list of users and what its pages change."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse
from rest_framework.authtoken.models import Token

from tom_common.models import Profile
from tom_common.tests.people_testing import PASSWORD, cast, give, make_user

pytestmark = pytest.mark.django_db

ACCOUNT = {"username": "vera", "first_name": "Vera", "last_name": "Rubin", "email": "vera@example.org"}
PROFILE = {"profile-TOTAL_FORMS": "1", "profile-INITIAL_FORMS": "0", "profile-0-affiliation": "Carnegie"}


@pytest.fixture
def people():
    return cast()


@pytest.fixture
def as_superuser(client, people):
    client.force_login(people["superuser"])
    return client


def _new(**changes):
    return {**ACCOUNT, "password1": PASSWORD, "password2": PASSWORD, **PROFILE, **changes}


def _settings_of(user, **changes):
    profile = user.profile
    return {
        "profile-TOTAL_FORMS": "1",
        "profile-INITIAL_FORMS": "1",
        "profile-0-id": str(profile.pk),
        "profile-0-user": str(user.pk),
        "profile-0-time_zone": "UTC",
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        **changes,
    }


def test_superuser_makes_an_account_with_profile_and_groups(as_superuser):
    group = Group.objects.create(name="Supernovae")
    response = as_superuser.post(reverse("user-create"), _new(groups=[group.pk]))
    assert response["Location"] == reverse("user-list")
    user = User.objects.get(username="vera")
    assert user.check_password(PASSWORD)
    assert user.profile.affiliation == "Carnegie"
    assert group in user.groups.all()


def test_refused_account_keeps_what_was_typed_and_names_the_fields(as_superuser):
    html = as_superuser.post(reverse("user-create"), _new(email="", password2="other")).content.decode()
    assert "2 things need a correction:" in html
    assert 'href="#id_email"' in html and 'href="#id_password2"' in html
    assert 'value="Rubin"' in html and 'value="Carnegie"' in html
    assert not User.objects.filter(username="vera").exists()


def test_manager_offers_and_assigns_only_groups_without_further_rights(client, people):
    plain, mighty = Group.objects.create(name="Plain"), Group.objects.create(name="Mighty")
    mighty.permissions.add(Permission.objects.get(codename="add_logentry"))
    client.force_login(people["manager"])
    html = client.get(reverse("user-create")).content.decode()
    assert "Plain" in html and "Mighty" not in html
    assert client.post(reverse("user-create"), _new(groups=[mighty.pk])).status_code == 200
    assert not User.objects.filter(username="vera").exists()
    client.post(reverse("user-create"), _new(groups=[plain.pk]))
    assert set(User.objects.get(username="vera").groups.all()) & {plain, mighty} == {plain}


def test_manager_saves_an_account_without_losing_groups_that_are_not_offered(client, people):
    user = people["user"]
    mighty = Group.objects.create(name="Mighty")
    mighty.permissions.add(Permission.objects.get(codename="view_user"))
    user.groups.add(mighty)
    manager = give(make_user("helper"), "auth.change_user", "auth.view_user")
    hidden = Group.objects.create(name="Hidden")
    client.force_login(manager)
    url = reverse("user-update", args=[user.pk])
    data = _settings_of(user, username="user", first_name="Ursula", is_active="on", groups=[mighty.pk])
    assert client.post(url, data).status_code == 302
    hidden.permissions.add(Permission.objects.get(codename="add_logentry"))
    User.objects.get(pk=user.pk).groups.add(hidden)
    # Now the account outranks the manager.
    assert client.post(url, data).status_code == 403
    assert {mighty, hidden} <= set(User.objects.get(pk=user.pk).groups.all())
    assert User.objects.get(pk=user.pk).first_name == "Ursula"


def test_manager_may_not_raise_anybody(client, people):
    user, manager = people["user"], people["manager"]
    client.force_login(manager)
    for account in (user, manager):
        rights = {"is_active": "on", "is_staff": "on", "is_superuser": "on"}
        data = _settings_of(account, username=account.username, **rights)
        assert client.post(reverse("user-update", args=[account.pk]), data).status_code == 302
        account = User.objects.get(pk=account.pk)
        assert not account.is_staff and not account.is_superuser and account.is_active


def test_user_may_not_change_more_than_their_own_data(client, people):
    user = people["user"]
    group = Group.objects.create(name="Supernovae")
    client.force_login(user)
    data = _settings_of(
        user, username="root", first_name="Ursula", is_superuser="on", is_staff="on", groups=[group.pk]
    )
    assert client.post(reverse("user-update", args=[user.pk]), data)["Location"] == reverse("user-profile")
    user = User.objects.get(pk=user.pk)
    assert (user.username, user.first_name) == ("user", "Ursula")
    assert not user.is_superuser and not user.is_staff and group not in user.groups.all()


def test_profile_of_another_cannot_be_reached_through_ones_own_form(client, people):
    user, other = people["user"], make_user("other")
    client.force_login(user)
    data = _settings_of(user) | {
        "profile-0-id": str(other.profile.pk),
        "profile-0-user": str(other.pk),
        "profile-0-affiliation": "hacked",
    }
    client.post(reverse("user-update", args=[user.pk]), data)
    assert Profile.objects.get(user=other).affiliation != "hacked"


def test_site_time_zone_and_theme_are_saved_and_the_theme_holds_at_once(client, people):
    user = people["user"]
    client.force_login(user)
    data = _settings_of(
        user,
        **{
            "profile-0-site_name": "Cerro Pachon",
            "profile-0-site_latitude": "-30.2446",
            "profile-0-site_longitude": "289.2506",
            "profile-0-site_elevation_m": "2663",
            "profile-0-time_zone": "America/Santiago",
            "profile-0-theme": "dome",
        },
    )
    response = client.post(reverse("user-update", args=[user.pk]), data)
    assert response.status_code == 302
    assert response.cookies["theme"].value == "dome"
    profile = Profile.objects.get(user=user)
    assert profile.site_longitude == pytest.approx(-70.7494)
    assert (profile.site_latitude, profile.site_elevation_m) == (-30.2446, 2663)
    html = client.get(reverse("user-profile")).content.decode()
    assert "Cerro Pachon" in html and "America/Santiago" in html
    assert "Sunset" in client.get(reverse("home")).content.decode()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("site_latitude", "95", "Enter a number from -90 to 90."),
        ("site_longitude", "400", "Enter a number from -180 to 360."),
        ("site_latitude", "30 S", "Enter a number."),
        ("site_latitude", "nan", "Enter a number."),
        ("site_elevation_m", "99999", "Enter a number from -500 to 9000."),
        ("time_zone", "Chile", "There is no time zone"),
        ("time_zone", "../../etc/passwd", "There is no time zone"),
        ("site_name", "x" * 101, "at most 100 characters"),
    ],
)
def test_impossible_settings_are_named_and_kept(client, people, field, value, message):
    user = people["user"]
    client.force_login(user)
    data = _settings_of(user, **{"profile-0-site_longitude": "1", "profile-0-site_latitude": "1"})
    data[f"profile-0-{field}"] = value
    html = client.post(reverse("user-update", args=[user.pk]), data).content.decode()
    assert "One thing needs a correction:" in html
    if field != "time_zone" or value != "Chile":
        assert message in html
    assert f'href="#id_profile-0-{field}"' in html
    assert f'value="{value}"' in html


def test_half_a_position_is_refused(client, people):
    user = people["user"]
    client.force_login(user)
    data = _settings_of(user, **{"profile-0-site_latitude": "-30"})
    html = client.post(reverse("user-update", args=[user.pk]), data).content.decode()
    assert 'href="#id_profile-0-site_longitude"' in html


def test_last_superuser_stays(as_superuser, people):
    root = people["superuser"]
    data = _settings_of(root, username="superuser", is_staff="on")
    html = as_superuser.post(reverse("user-update", args=[root.pk]), data).content.decode()
    assert "This is the last superuser" in html
    assert b"last superuser" in as_superuser.get(reverse("user-delete", args=[root.pk])).content
    as_superuser.post(reverse("user-delete", args=[root.pk]))
    assert User.objects.get(pk=root.pk).is_superuser


def test_delete_asks_names_what_goes_and_deletes_by_post(as_superuser, people):
    user = people["user"]
    html = as_superuser.get(reverse("user-delete", args=[user.pk])).content.decode()
    assert "Delete the account user?" in html and "Deleted with it: 1 token." in html
    assert User.objects.filter(pk=user.pk).exists()
    assert as_superuser.post(reverse("user-delete", args=[user.pk])).status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("name", ["user-update", "user-delete", "user-approve", "admin-user-change-password"])
def test_pages_of_another_account_still_say_who_is_logged_in(as_superuser, name):
    other = make_user("other", is_active=False)
    html = as_superuser.get(reverse(name, args=[other.pk])).content.decode()
    assert '<span class="tom-user-name">superuser</span>' in html


def test_page_of_an_account_says_update_which_tom_registration_looks_for(client, people):
    client.force_login(people["user"])
    html = client.get(reverse("user-update", args=[people["user"].pk])).content.decode()
    assert "Save profile</button>" in html


def test_missing_affiliation_is_a_dash(as_superuser):
    assert ">None<" not in as_superuser.get(reverse("user-list")).content.decode()


def test_superuser_sets_a_password_without_the_old_one(as_superuser, people):
    new = "another 9 long one"
    url = reverse("admin-user-change-password", args=[people["user"].pk])
    assert as_superuser.post(url, {"new_password1": new, "new_password2": "x"}).status_code == 200
    assert as_superuser.post(url, {"new_password1": new, "new_password2": new}).status_code == 302
    assert User.objects.get(username="user").check_password(new)


def test_own_new_password_does_not_log_the_superuser_out(as_superuser, people):
    new = "another 9 long one"
    url = reverse("admin-user-change-password", args=[people["superuser"].pk])
    as_superuser.post(url, {"new_password1": new, "new_password2": new})
    assert as_superuser.get(reverse("user-list")).status_code == 200


def test_token_is_hidden_on_the_page_and_replaced_by_post_only(client, people):
    user = people["user"]
    client.force_login(user)
    html = client.get(reverse("user-profile")).content.decode()
    details = html[html.index("tom-reveal") :]
    assert user.auth_token.key in details[: details.index("</details>")]
    url = reverse("regenerate-api-token", args=[user.pk])
    client.get(url)
    assert Token.objects.get(user=user).key == user.auth_token.key
    client.post(url)
    assert Token.objects.get(user=user).key != user.auth_token.key


def test_new_token_of_another_is_not_shown_to_the_manager(as_superuser, people):
    user = people["user"]
    response = as_superuser.post(reverse("regenerate-api-token", args=[user.pk]), follow=True)
    assert Token.objects.get(user=user).key not in response.content.decode()


def test_an_account_does_not_get_the_name_of_another_in_another_case(as_superuser, people):
    user = people["user"]
    fields = _settings_of(user, username="MANAGER", is_active="on")
    page = as_superuser.post(reverse("user-update", args=[user.pk]), fields).content.decode()
    assert "A user with that username already exists." in page
    as_superuser.post(reverse("user-update", args=[user.pk]), {**fields, "username": "USER"})
    assert User.objects.get(pk=user.pk).username == "USER"
    make_user("user")  # as an import leaves it
    as_superuser.post(
        reverse("user-update", args=[user.pk]), {**fields, "username": "USER", "last_name": "New"}
    )
    assert User.objects.get(pk=user.pk).last_name == "New"


@pytest.mark.parametrize(("kind", "expected"), [("user", 403), ("manager", 404), ("superuser", 404)])
def test_who_may_not_give_tokens_learns_nothing_about_which_accounts_exist(client, people, kind, expected):
    from guardian.utils import get_anonymous_user

    client.force_login(people[kind])
    assert client.post(reverse("regenerate-api-token", args=[people["staff"].pk])).status_code == (
        302 if kind == "superuser" else 403
    )
    for pk in (987654, get_anonymous_user().pk):
        assert client.post(reverse("regenerate-api-token", args=[pk])).status_code == expected
    assert not Token.objects.filter(user=get_anonymous_user()).exists()


def test_search_finds_by_name_mail_and_affiliation(as_superuser, people):
    vera = make_user("vera", first_name="Vera", last_name="Rubin")
    Profile.objects.filter(user=vera).update(affiliation="Carnegie Institution")
    for query in ("vera", "rubin", "vera@example", "carnegie", "Vera Carnegie"):
        html = as_superuser.get(reverse("user-list"), {"query": query}).content.decode()
        assert reverse("user-update", args=[vera.pk]) in html, query
        assert reverse("user-update", args=[people["user"].pk]) not in html, query
    assert "No user fits" in as_superuser.get(reverse("user-list"), {"query": "zwicky"}).content.decode()


@pytest.mark.parametrize("query", ["\0", "vera\0", "%", "'", "x" * 5000, "\ud7ff"])
def test_odd_searches_find_nothing_or_something_but_answer(as_superuser, query):
    assert as_superuser.get(reverse("user-list"), {"query": query}).status_code == 200
    assert as_superuser.get(reverse("user-list"), {"group": "9" * 18}).status_code == 404
    assert as_superuser.get(reverse("user-list"), {"group": "9" * 5000}).status_code == 200


def test_members_of_a_group_are_listed(as_superuser, people):
    group = Group.objects.create(name="Supernovae")
    people["user"].groups.add(group)
    html = as_superuser.get(reverse("user-list"), {"group": group.pk}).content.decode()
    assert reverse("user-update", args=[people["user"].pk]) in html
    assert reverse("user-update", args=[people["manager"].pk]) not in html
    assert as_superuser.get(reverse("user-list"), {"group": "99999"}).status_code == 404


def test_pages_follow_each_other_and_keep_the_search(as_superuser):
    User.objects.bulk_create([User(username=f"observer{n:03d}") for n in range(60)])
    seen, url = [], reverse("user-list") + "?query=observer"
    while url:
        response = as_superuser.get(url)
        assert "60 users" in response.content.decode()
        seen += [user.username for user in response.context["users"]]
        url = reverse("user-list") + response.context["next_url"] if response.context["next_url"] else ""
    assert seen == [f"observer{n:03d}" for n in range(60)]
    assert as_superuser.get(reverse("user-list"), {"cursor": "rubbish"}).status_code == 400


@pytest.mark.parametrize("kind", ["superuser", "manager", "staff"])
def test_query_count_of_the_list_does_not_grow_with_it(client, people, kind, django_assert_max_num_queries):
    for n in range(20):
        make_user(f"observer{n:03d}").groups.add(Group.objects.get_or_create(name=f"group {n % 5}")[0])
    client.force_login(people[kind])
    with django_assert_max_num_queries(25):
        client.get(reverse("user-list"))


def test_account_of_guardian_is_not_listed_and_not_editable(as_superuser):
    from guardian.utils import get_anonymous_user

    anonymous = get_anonymous_user()
    assert anonymous.username not in as_superuser.get(reverse("user-list")).content.decode()
    assert as_superuser.get(reverse("user-update", args=[anonymous.pk])).status_code == 404


def test_names_are_escaped(as_superuser):
    make_user("vera", first_name="<script>alert(1)</script>")
    html = as_superuser.get(reverse("user-list")).content.decode()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html
