import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.urls import reverse

from tom_targets import follow
from tom_targets.filters import TargetFilterSet
from tom_targets.follow_models import TargetFavourite, TargetStatus
from tom_targets.models import Target
from tom_targets.selectors import target_table, visible_targets
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def target():
    return SiderealTargetFactory(name="SN 2026A", permissions="PUBLIC")


def post(client, user, name, *args, **data):
    client.force_login(user)
    return client.post(reverse(f"targets:{name}", args=args), data, follow=True)


def test_a_member_sets_the_word_of_the_team(cast, client, target):
    response = post(client, cast.member, "status", target.pk, team=cast.group.pk, word="watch")
    assert "watch" in response.content.decode()
    row = TargetStatus.objects.get()
    assert (row.target_id, row.group, row.word, row.changed_by) == (
        target.pk,
        cast.group,
        "watch",
        cast.member,
    )
    post(client, cast.member, "status", target.pk, team=cast.group.pk, word="finished")
    assert TargetStatus.objects.get().word == "finished"
    post(client, cast.member, "status", target.pk, team=cast.group.pk, word="")
    assert TargetStatus.objects.get().word == ""
    assert follow.words_for(cast.member, [target.pk]) == {}
    assert "Set status" in client.get(target.get_absolute_url()).content.decode()


def test_who_is_not_in_the_team_neither_sets_nor_sees_its_word(cast, client, target):
    TargetStatus.objects.create(
        target=target, group=cast.group, word="watch", changed_by=cast.member, changed_at=target.created
    )
    response = post(client, cast.stranger, "status", target.pk, team=cast.group.pk, word="finished")
    assert "Choose one of your teams" in response.content.decode()
    assert TargetStatus.objects.get().word == "watch"
    assert follow.words_for(cast.stranger, [target.pk]) == {}
    assert follow.words_for(cast.member, [target.pk]) == {target.pk: ["watch"]}
    assert follow.following_of(AnonymousUser(), target) is None


def test_only_the_words_of_the_settings_are_taken(cast, client, target, settings):
    settings.TOM_TARGET_STATUSES = ["todo", "done"]
    response = post(client, cast.member, "status", target.pk, team=cast.group.pk, word="watch")
    assert "known are todo, done" in response.content.decode()
    post(client, cast.member, "status", target.pk, team=cast.group.pk, word="done")
    assert TargetStatus.objects.get().word == "done"


@pytest.mark.parametrize("name", ["status", "favourite"])
def test_what_one_may_not_see_cannot_be_followed(cast, client, name):
    hidden = SiderealTargetFactory(permissions="PRIVATE")
    data = {"team": cast.group.pk, "word": "watch", "on": "1"}
    assert post(client, cast.stranger, name, hidden.pk, **data).status_code == 404
    client.logout()
    response = client.post(reverse(f"targets:{name}", args=[hidden.pk]), data)
    assert response.status_code == 302
    assert "login" in response["Location"]
    assert not TargetStatus.objects.exists()
    assert not TargetFavourite.objects.exists()


def test_a_star_is_ones_own(cast, client, target):
    post(client, cast.member, "favourite", target.pk, on="1")
    post(client, cast.member, "favourite", target.pk, on="1")
    assert follow.favourites_among(cast.member, [target.pk]) == {target.pk}
    assert follow.favourites_among(cast.stranger, [target.pk]) == set()
    post(client, cast.member, "favourite", target.pk, on="0")
    assert follow.favourites_among(cast.member, [target.pk]) == set()


def test_a_selection_gets_a_word_and_stars(cast, client):
    rows = [SiderealTargetFactory(permissions="PUBLIC") for _ in range(3)]
    hidden = SiderealTargetFactory(permissions="PRIVATE")
    keys = [row.pk for row in rows[:2]] + [hidden.pk]
    stranger_group = Group.objects.create(name="strangers")
    cast.stranger.groups.add(stranger_group)
    response = post(
        client,
        cast.stranger,
        "bulk-status",
        **{"selected-target": keys, "team": stranger_group.pk, "word": "new"},
    )
    assert "2 targets now new" in response.content.decode()
    assert set(TargetStatus.objects.values_list("target_id", flat=True)) == set(keys[:2])
    post(client, cast.stranger, "bulk-favourite", **{"isSelectAll": "True", "query_string": "", "star": "1"})
    assert TargetFavourite.objects.filter(user=cast.stranger).count() == 3
    post(client, cast.stranger, "bulk-favourite", **{"selected-target": keys[:1], "star": "0"})
    assert TargetFavourite.objects.filter(user=cast.stranger).count() == 2


def test_a_bulk_change_takes_few_statements(cast, django_assert_max_num_queries):
    for _ in range(50):
        SiderealTargetFactory(permissions="PUBLIC")
    with django_assert_max_num_queries(14):
        follow.set_status(visible_targets(cast.member), cast.group, "watch", user=cast.member)
    with django_assert_max_num_queries(4):
        follow.set_favourite(visible_targets(cast.member), cast.member, is_favourite=True)


def test_the_list_is_filtered_by_word_and_star(cast, client, target):
    other = SiderealTargetFactory(permissions="PUBLIC")
    follow.set_status(Target.objects.filter(pk=target.pk), cast.group, "watch", user=cast.member)
    follow.set_favourite(Target.objects.filter(pk=other.pk), cast.member, is_favourite=True)
    client.force_login(cast.member)
    assert names_of(client.get(reverse("targets:list"), {"status": "watch"})) == [target.name]
    assert names_of(client.get(reverse("targets:list"), {"favourite": "1"})) == [other.name]
    answer = client.get("/api/targets/", {"status": "watch"}).json()
    assert [row["name"] for row in answer["results"]] == [target.name]
    client.force_login(cast.stranger)
    assert names_of(client.get(reverse("targets:list"), {"status": "watch"})) == []
    assert names_of(client.get(reverse("targets:list"), {"favourite": "1"})) == []


def names_of(response):
    return [row.name for row in response.context["table"].rows]


def test_an_anonymous_visitor_has_no_such_filters(client, target):
    html = client.get(reverse("targets:list")).content.decode()
    assert "My favourites" not in html
    assert TargetFilterSet({"favourite": "1"}, Target.objects.all()).qs.count() == 0


def test_the_list_shows_words_and_stars(cast, target, django_assert_max_num_queries):
    follow.set_status(Target.objects.all(), cast.group, "watch", user=cast.member)
    follow.set_favourite(Target.objects.all(), cast.member, is_favourite=True)
    with django_assert_max_num_queries(2):
        row = target_table([target], ["status", "favourite"], user=cast.member).rows[0]
    assert row.cells[0].html == "watch"
    assert "★" in row.cells[1].html
    row = target_table([target], ["status", "favourite"], user=cast.stranger).rows[0]
    assert row.cells[0].html == "–"


def test_a_selection_is_moved_from_one_list_to_another(cast, client, target):
    from tom_common.grants import grant_access
    from tom_targets.models import TargetList

    lists = [TargetList.objects.create(name=name) for name in ("old", "new")]
    for found in lists:
        grant_access(cast.member, found, ["view_targetlist", "change_targetlist"])
    lists[0].targets.add(target)
    response = post(
        client, cast.member, "add-remove-grouping",
        **{"grouping": lists[1].pk, "selected-target": [target.pk], "move": "1"},
    )  # fmt: skip
    assert response.status_code == 200
    assert (lists[0].targets.count(), lists[1].targets.count()) == (0, 1)
    assert "Move to list" in client.get(reverse("targets:list")).content.decode()


def test_words_and_stars_come_back_with_a_deleted_target(cast, target):
    from tom_targets.trash import move_to_trash, restore

    follow.set_status(Target.objects.all(), cast.group, "watch", user=cast.member)
    follow.set_favourite(Target.objects.all(), cast.member, is_favourite=True)
    trashed = move_to_trash(target, user=cast.member)
    assert not TargetStatus.objects.exists()
    restore(trashed)
    assert TargetStatus.objects.get().word == "watch"
    assert TargetFavourite.objects.filter(user=cast.member).exists()
