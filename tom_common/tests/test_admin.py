"""The admin site shows our rows, and lets nobody write what the program writes."""

import pytest
from django.urls import reverse

from tom_common.models import Job, Notification
from tom_common.tests.people_testing import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client):
    user = make_user("root", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.mark.parametrize("name", ["profile", "job", "notification"])
def test_lists_are_shown_and_searched(client, root, name):
    Job.objects.create(user=root, title="Ingest", task="x.y")
    Notification.objects.create(user=root, kind="mention", text="Look")
    url = reverse(f"admin:tom_common_{name}_changelist")
    assert client.get(url, {"q": "root"}).status_code == 200


@pytest.mark.parametrize("name", ["job", "notification"])
def test_rows_of_the_program_are_read_only(client, root, name):
    assert client.get(reverse(f"admin:tom_common_{name}_add")).status_code == 403


def test_profile_can_be_edited(client, root):
    assert client.get(reverse("admin:tom_common_profile_change", args=[root.profile.pk])).status_code == 200
