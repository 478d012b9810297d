from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from tom_common.bar_counts import bar_counts
from tom_common.models import Job, Notification

pytestmark = pytest.mark.django_db


def test_own_jobs_and_news_are_counted_in_one_query(django_assert_num_queries):
    user, other = User.objects.create_user("one"), User.objects.create_user("other")
    now = timezone.now()
    for owner in (user, other):
        Job.objects.create(user=owner, state=Job.State.QUEUED)
        Job.objects.create(user=owner, state=Job.State.RUNNING)
        Job.objects.create(user=owner, state=Job.State.DONE, finished_at=now)
        Job.objects.create(user=owner, state=Job.State.FAILED, finished_at=now - timedelta(days=6))
    Job.objects.create(user=user, state=Job.State.FAILED, finished_at=now - timedelta(days=8))
    Notification.objects.create(user=user, text="unread")
    Notification.objects.create(user=user, text="read", read_at=now)
    with django_assert_num_queries(1):
        assert bar_counts(user) == {"active": 2, "failed": 1, "unread": 1}
    assert bar_counts(AnonymousUser()) == {"active": 0, "failed": 0, "unread": 0}
