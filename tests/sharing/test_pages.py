"""Who may open the pages of sharing, and what they do."""

import pytest
from django.urls import reverse

from tom_common.grants import grant_access
from tom_common.models import Job
from tom_dataproducts.models import PersistentShareState
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_targets.models import PersistentShare, TargetList

PEOPLE = ("anonymous", "stranger", "member", "owner", "superuser")


@pytest.fixture
def as_person(client, people):
    def logged_in(name):
        client.logout()
        if people[name] is not None:
            client.force_login(people[name])
        return client

    return logged_in


@pytest.fixture
def visible(target, group):
    """Give the target, which the group may see and the owner may change."""
    grant_access(group, target, ["view_target"])
    return target


@pytest.fixture
def target_list(visible, group, people):
    found = TargetList.objects.create(name="our list")
    found.targets.add(visible)
    grant_access(group, found, ["view_targetlist"])
    grant_access(people["owner"], found, ["view_targetlist"])
    return found


def to_login(response):
    return response.status_code == 302 and response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    "name", ["targets:share", "targets:target-persistent-share-manage-form", "dataproducts:share_all"]
)
@pytest.mark.parametrize(
    ("person", "status"),
    [("anonymous", 404), ("stranger", 404), ("member", 403), ("owner", 200), ("superuser", 200)],
)
def test_pages_of_a_target(peer, as_person, visible, name, person, status):
    for method in ("get", "post"):
        response = getattr(as_person(person), method)(reverse(name, args=[visible.pk]))
        assert response.status_code == status
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("person", "status"),
    [("anonymous", 404), ("stranger", 404), ("member", 403), ("owner", 200), ("superuser", 200)],
)
def test_page_of_a_file(peer, as_person, visible, person, status):
    product = DataProductFactory(target=visible)
    assert as_person(person).get(reverse("dataproducts:share", args=[product.pk])).status_code == status


@pytest.mark.parametrize(
    ("person", "status", "text"),
    [
        ("stranger", 404, ""),
        ("member", 200, "Nothing on this list that you may share"),
        ("owner", 200, "All 1 targets that you see on the list are shared"),
        ("superuser", 200, "See what would change"),
    ],
)
def test_page_of_a_list(peer, as_person, target_list, person, status, text):
    response = as_person(person).get(reverse("targets:share-group", args=[target_list.pk]))
    assert response.status_code == status
    assert text in response.content.decode()


def test_page_of_a_list_asks_for_a_login(peer, as_person, target_list):
    assert to_login(as_person("anonymous").get(reverse("targets:share-group", args=[target_list.pk])))


def test_without_destinations_the_page_says_what_to_do(as_person, visible, settings):
    settings.DATA_SHARING = {}
    client = as_person("owner")
    page = client.get(reverse("targets:share", args=[visible.pk])).content.decode()
    assert "DATA_SHARING" in page
    assert "See what would change" not in page
    url = reverse("targets:share", args=[visible.pk])
    assert url not in client.get(visible.get_absolute_url()).content.decode()


def test_the_target_page_leads_there(peer, as_person, visible):
    url = reverse("targets:share", args=[visible.pk])
    assert url in as_person("owner").get(visible.get_absolute_url()).content.decode()
    assert url not in as_person("member").get(visible.get_absolute_url()).content.decode()


def shared(client, url, **data):
    return client.post(url, {"share_destination": "peer", **data}, follow=True)


def test_dry_run_then_share_then_nothing_left(
    peer, as_person, visible, points, django_capture_on_commit_callbacks
):
    client = as_person("owner")
    url = reverse("targets:share", args=[visible.pk])
    with django_capture_on_commit_callbacks(execute=True):
        response = shared(client, url, parts=["target", "aliases", "photometry"])
    assert peer.targets == {}
    dry = client.get(response.request["PATH_INFO"]).content.decode()
    assert "Dry run, nothing was changed at the Peer." in dry
    assert "would be made" in dry
    assert "Share now" in dry
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(response.request["PATH_INFO"], follow=True)
    report = client.get(response.request["PATH_INFO"]).content.decode()
    assert "Shared with the Peer." in report
    assert (len(peer.targets), len(peer.data)) == (1, 4)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(response.request["PATH_INFO"], {"dry_run": "1"}, follow=True)
    again = client.get(response.request["PATH_INFO"]).content.decode()
    assert "There is nothing to send: the Peer has it all." in again
    assert "Share now" not in again


def test_a_list_is_shared_with_its_name(peer, as_person, target_list, django_capture_on_commit_callbacks):
    client = as_person("owner")
    with django_capture_on_commit_callbacks(execute=True):
        response = shared(
            client, reverse("targets:share-group", args=[target_list.pk]), parts=["target", "lists"]
        )
    with django_capture_on_commit_callbacks(execute=True):
        client.post(response.request["PATH_INFO"])
    assert ([row["name"] for row in peer.targets.values()], peer.lists) == (["AT 2026abc"], ["our list"])


def test_the_report_tells_what_the_other_side_said(
    peer, as_person, visible, settings, django_capture_on_commit_callbacks
):
    settings.DATA_SHARING["peer"]["PASSWORD"] = "wrong"
    client = as_person("owner")
    with django_capture_on_commit_callbacks(execute=True):
        response = shared(client, reverse("targets:share", args=[visible.pk]), parts=["target"])
    page = client.get(response.request["PATH_INFO"]).content.decode()
    assert "Stopped: the Peer does not accept our login (403)" in page
    assert "wrong</" not in page


@pytest.mark.parametrize(
    ("person", "status"), [("stranger", 404), ("member", 404), ("owner", 200), ("superuser", 404)]
)
def test_a_report_is_seen_by_who_asked(
    peer, as_person, visible, person, status, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        shared(as_person("owner"), reverse("targets:share", args=[visible.pk]), parts=["target"])
    url = reverse("dataproducts:share-report", args=[Job.objects.get().pk])
    assert as_person(person).get(url).status_code in (status, 200 if person == "superuser" else status)
    assert to_login(as_person("anonymous").get(url))


def test_staff_sees_a_report_but_does_not_share_in_others_names(
    peer, as_person, people, visible, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        shared(as_person("owner"), reverse("targets:share", args=[visible.pk]), parts=["target"])
    url = reverse("dataproducts:share-report", args=[Job.objects.get().pk])
    client = as_person("staff")
    assert (client.get(url).status_code, client.post(url).status_code) == (200, 403)


def test_chosen_points_are_shared_alone(peer, as_person, visible, points, django_capture_on_commit_callbacks):
    client = as_person("owner")
    with django_capture_on_commit_callbacks(execute=True):
        first = shared(client, reverse("targets:share", args=[visible.pk]), parts=["target"])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(first.request["PATH_INFO"])
    url = reverse("dataproducts:share_all", args=[visible.pk])
    with django_capture_on_commit_callbacks(execute=True):
        second = shared(client, url, **{"share-box": [points[0].pk, points[2].pk]})
    with django_capture_on_commit_callbacks(execute=True):
        client.post(second.request["PATH_INFO"])
    sent = sorted(datum["value"]["brightness"] for datum in peer.data)
    assert sent == sorted([points[0].brightness, points[2].brightness])


def test_nothing_chosen_is_an_error_that_keeps_the_page(peer, as_person, visible, points):
    page = shared(as_person("owner"), reverse("dataproducts:share_all", args=[visible.pk]))
    assert "Tick a point or a file, or a kind of data." in page.content.decode()


# --- persistent shares


@pytest.fixture
def share(visible, people):
    return PersistentShare.objects.create(target=visible, destination="peer", user=people["owner"])


def test_a_share_is_made_on_the_page_and_ended_there(
    peer, as_person, visible, people, points, django_capture_on_commit_callbacks
):
    client = as_person("owner")
    url = reverse("targets:target-persistent-share-manage-form", args=[visible.pk])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, {"destination": "peer", "share_existing_data": "on"})
    share = PersistentShare.objects.get()
    assert (share.target_id, share.destination, share.user) == (visible.pk, "peer", people["owner"])
    assert len(peer.data) == 4
    assert "Up to date" in client.get(url).content.decode()
    twice = client.post(url, {"destination": "peer"}).content.decode()
    assert "AT 2026abc is shared with the Peer already." in twice
    client.post(reverse("targets:persistent-share-end", args=[share.pk]))
    assert not PersistentShare.objects.exists()


def test_a_failed_share_is_shown_with_its_reason(peer, as_person, share):
    PersistentShareState.objects.create(share=share, tried_at=share.created, error="the Peer answered 503")
    page = as_person("owner").get(reverse("targets:persistent-share-manage-form")).content.decode()
    assert "the Peer answered 503" in page


@pytest.mark.parametrize("name", ["persistent-share-end", "persistent-share-retry"])
@pytest.mark.parametrize(
    ("person", "status"), [("stranger", 404), ("member", 404), ("owner", 302), ("superuser", 302)]
)
def test_who_may_end_and_retry(peer, as_person, share, name, person, status):
    url = reverse(f"targets:{name}", args=[share.pk])
    assert to_login(as_person("anonymous").post(url))
    assert as_person(person).post(url).status_code == status


@pytest.mark.parametrize(
    ("person", "count"), [("stranger", 0), ("member", 0), ("owner", 1), ("superuser", 1)]
)
def test_the_table_shows_shares_of_targets_that_one_may_change(peer, as_person, share, person, count):
    for name in ("persistent-share-manage-form", "persistent-share-manage-table"):
        page = as_person(person).get(reverse(f"targets:{name}")).content.decode()
        assert page.count("AT 2026abc</a>") == count


def test_the_table_costs_the_same_for_many_shares(
    peer, as_person, share, people, django_assert_max_num_queries
):
    client = as_person("owner")
    url = reverse("targets:persistent-share-manage-form")
    client.get(url)
    for _ in range(10):
        target = PhotometryFactory().target
        grant_access(people["owner"], target)
        PersistentShare.objects.create(target=target, destination="peer", user=people["owner"])
    with django_assert_max_num_queries(9):
        client.get(url)


# --- the same for programs


@pytest.mark.parametrize(
    ("person", "listed", "made"),
    [
        ("anonymous", 0, 401),
        ("stranger", 0, 400),
        ("member", 0, 403),
        ("owner", 1, 201),
        ("superuser", 1, 201),
    ],
)
def test_api_matrix(peer, clients, visible, person, listed, made):
    client = clients[person]
    url = reverse("targets:persistent-share")
    body = {"target": visible.pk, "destination": "peer"}
    assert client.post(url, body, format="json").status_code == made
    PersistentShare.objects.get_or_create(target=visible, destination="peer")
    assert client.get(url).json()["count"] == listed
    assert client.get(reverse("targets:target-persistent-share", args=[visible.pk])).json()["count"] == listed
    one = reverse("targets:persistent-share-detail", args=[PersistentShare.objects.get().pk])
    assert client.get(one).status_code == (200 if listed else 404)
    expected = {"anonymous": 401, "owner": 204, "superuser": 204}.get(person, 404)
    assert client.delete(one).status_code == expected


def test_api_refuses_a_tom_that_the_settings_lack(peer, clients, visible):
    body = {"target": visible.pk, "destination": "elsewhere"}
    answer = clients["owner"].post(reverse("targets:persistent-share"), body, format="json")
    assert (answer.status_code, "it has: peer" in str(answer.json())) == (400, True)
