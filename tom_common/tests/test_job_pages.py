import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from tom_common.models import Job, JobLogLine, Notification
from tom_common.notifications import mark_read, notify, unread_count

State = Job.State
ADD = "tom_common.tests.background_tasks.add"


@pytest.fixture
def people(db):
    users = get_user_model().objects
    return {
        "owner": users.create_user("owner"),
        "stranger": users.create_user("stranger"),
        "staff": users.create_user("staff", is_staff=True),
    }


@pytest.fixture
def job(people):
    return Job.objects.create(user=people["owner"], title="Upload of <night>.tar", task=ADD)


def _url(name, job):
    return reverse(name, kwargs={"pk": job.pk})


@pytest.mark.parametrize(
    ("who", "expected"), [(None, 302), ("stranger", 404), ("owner", 200), ("staff", 200)]
)
@pytest.mark.parametrize("name", ["job-detail", "job-status", "job-data", "job-log"])
def test_job_is_shown_to_its_owner_and_staff(client, people, job, name, who, expected):
    if who:
        client.force_login(people[who])

    assert client.get(_url(name, job)).status_code == expected


@pytest.mark.parametrize(
    ("who", "expected"), [(None, 302), ("stranger", 404), ("owner", 302), ("staff", 302)]
)
@pytest.mark.parametrize(("name", "before"), [("job-cancel", State.QUEUED), ("job-retry", State.FAILED)])
def test_job_is_changed_by_its_owner_and_staff(client, people, job, monkeypatch, name, before, who, expected):
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: None)
    Job.objects.filter(pk=job.pk).update(state=before)
    if who:
        client.force_login(people[who])
    response = client.post(_url(name, job))
    job.refresh_from_db()

    assert response.status_code == expected
    assert (job.state != before) == (who in ("owner", "staff"))


@pytest.mark.parametrize("name", ["job-cancel", "job-retry"])
def test_a_link_changes_nothing(client, people, job, name):
    client.force_login(people["owner"])

    assert client.get(_url(name, job)).status_code == 405


@pytest.mark.parametrize(
    ("who", "seen"), [("owner", ["mine"]), ("stranger", []), ("staff", ["nobody's", "mine"])]
)
def test_list_shows_own_jobs_and_staff_all(client, people, who, seen):
    Job.objects.create(user=people["owner"], title="mine", task=ADD)
    Job.objects.create(title="nobody's", task=ADD)
    client.force_login(people[who])

    response = client.get(reverse("job-list"))

    assert [job.title for job in response.context["jobs"]] == seen


def test_list_asks_the_same_number_of_queries_for_many(client, people, django_assert_max_num_queries):
    Job.objects.bulk_create(
        Job(user=people["owner"], title=f"job {i}", task=ADD, state=State.RUNNING, total_count=5)
        for i in range(120)
    )
    client.force_login(people["staff"])
    with django_assert_max_num_queries(10):
        response = client.get(reverse("job-list"))

    assert len(response.context["jobs"]) == 50
    assert "120 jobs" in response.content.decode()
    second = client.get(reverse("job-list") + response.context["next_url"])
    assert second.context["jobs"][0].title == "job 69"


def test_list_keeps_those_in_one_state(client, people):
    Job.objects.create(user=people["owner"], title="broken", task=ADD, state=State.FAILED, error="why")
    Job.objects.create(user=people["owner"], title="fine", task=ADD, state=State.DONE)
    client.force_login(people["owner"])

    failed = client.get(reverse("job-list"), {"state": "failed"})
    strange = client.get(reverse("job-list"), {"state": "<b>"})
    none = client.get(reverse("job-list"), {"state": "running"})

    assert [job.title for job in failed.context["jobs"]] == ["broken"]
    assert len(strange.context["jobs"]) == 2
    assert b"No job is in this state" in none.content


def test_strange_cursor_is_a_bad_request(client, people):
    client.force_login(people["owner"])

    assert client.get(reverse("job-list"), {"cursor": "x"}).status_code == 400


def test_empty_list_says_what_it_is_for(client, people):
    client.force_login(people["owner"])

    assert b"No jobs yet" in client.get(reverse("job-list")).content


def test_running_job_is_fetched_again_and_ended_job_is_not(client, people, job):
    client.force_login(people["owner"])
    Job.objects.filter(pk=job.pk).update(
        state=State.RUNNING, done_count=30, total_count=120, message="piece 30"
    )
    running = client.get(_url("job-detail", job)).content.decode()
    Job.objects.filter(pk=job.pk).update(state=State.DONE, result={"new_targets": 7})
    done = client.get(_url("job-status", job)).content.decode()

    assert f'hx-get="{_url("job-status", job)}"' in running
    assert '<progress class="tom-job-progress" value="30" max="120"' in running
    assert "25 %" in running
    assert "piece 30" in running
    assert "Reload to see the progress" in running
    assert "hx-get" not in done
    assert "New targets" in done
    assert "<html" not in done


def test_title_is_escaped(client, people, job):
    client.force_login(people["owner"])

    assert b"Upload of &lt;night&gt;.tar" in client.get(_url("job-detail", job)).content


def test_failed_job_tells_why_and_can_be_tried_again(client, people, job):
    Job.objects.filter(pk=job.pk).update(state=State.FAILED, error="ValueError: no packets", attempts=1)
    client.force_login(people["owner"])
    page = client.get(_url("job-detail", job)).content.decode()

    assert "ValueError: no packets" in page
    assert f'action="{_url("job-retry", job)}"' in page


def test_waiting_job_tells_its_next_try(client, people, job):
    Job.objects.filter(pk=job.pk).update(attempts=1, attempts_allowed=3, run_after=timezone.now())
    client.force_login(people["owner"])
    page = client.get(_url("job-detail", job)).content.decode()

    assert "Next try" in page
    assert "1 of 3" in page


def test_links_of_a_result_lead_to_this_site_only(client, people, job):
    links = [
        {"label": "The targets", "url": "/targets/?x=1"},
        {"label": "Elsewhere", "url": "https://example.com/"},
        {"label": "Tricky", "url": "//example.com/"},
        {"label": "Script", "url": "javascript:alert(1)"},
        "no link",
    ]
    Job.objects.filter(pk=job.pk).update(state=State.DONE, result={"links": links})
    client.force_login(people["owner"])
    page = client.get(_url("job-detail", job)).content.decode()

    assert '<a class="btn btn-outline-secondary" href="/targets/?x=1">The targets</a>' in page
    assert not any(word in page for word in ("Elsewhere", "Tricky", "Script"))


@pytest.mark.parametrize("result", [None, 5, "text", [1, 2], {}, {"links": None}])
def test_any_result_can_be_shown(client, people, job, result):
    Job.objects.filter(pk=job.pk).update(state=State.DONE, result=result)
    client.force_login(people["owner"])

    assert client.get(_url("job-detail", job)).status_code == 200


def test_long_log_is_cut_on_the_page_and_whole_as_text(client, people, job):
    JobLogLine.objects.bulk_create(
        JobLogLine(job=job, created_at=timezone.now(), text=f"line {i:03}") for i in range(250)
    )
    client.force_login(people["owner"])
    page = client.get(_url("job-detail", job)).content.decode()
    text = b"".join(client.get(_url("job-log", job)).streaming_content).decode()

    assert "line 249" in page
    assert "line 049" not in page
    assert _url("job-log", job) in page
    assert [line.split(" ", 1)[1] for line in text.splitlines()] == [f"line {i:03}" for i in range(250)]


def test_program_reads_the_state_as_json(client, people, job):
    Job.objects.filter(pk=job.pk).update(
        state=State.RUNNING, done_count=1, total_count=4, started_at=timezone.now()
    )
    client.force_login(people["owner"])
    data = client.get(_url("job-data", job)).json()

    assert (data["state"], data["done"], data["total"], data["percent"]) == ("running", 1, 4, 25)
    assert (data["is_finished"], data["finished_at"], data["url"]) == (False, None, _url("job-detail", job))
    assert dt.datetime.fromisoformat(data["started_at"]).tzinfo is not None


def test_running_job_is_asked_to_stop(client, people, job):
    Job.objects.filter(pk=job.pk).update(
        state=State.RUNNING, worker="elsewhere:1:x", heartbeat_at=timezone.now()
    )
    client.force_login(people["owner"])
    response = client.post(_url("job-cancel", job))
    page = client.get(_url("job-detail", job)).content.decode()

    assert "stops at its next step" in str(next(iter(get_messages(response.wsgi_request))))
    assert "Stopping" in page
    assert _url("job-cancel", job) not in page


@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED])
def test_job_that_was_stopped_tells_how_far_it_was(client, people, job, state):
    Job.objects.filter(pk=job.pk).update(state=state, message="701 alerts received")
    client.force_login(people["owner"])
    assert "701 alerts received" in client.get(_url("job-detail", job)).content.decode()


def test_job_that_has_ended_is_not_changed(client, people, job):
    Job.objects.filter(pk=job.pk).update(state=State.DONE)
    client.force_login(people["owner"])
    cancelled = client.post(_url("job-cancel", job), follow=True).content.decode()
    retried = client.post(_url("job-retry", job), follow=True).content.decode()
    job.refresh_from_db()

    assert "has ended already" in cancelled
    assert "nothing to retry" in retried
    assert job.state == State.DONE


# --- notifications


def test_news_are_one_persons(client, people):
    notify(people["owner"], "mention", "for the owner")
    notify(people["stranger"], "mention", "for the stranger")
    client.force_login(people["owner"])
    page = client.get(reverse("notification-list")).content.decode()

    assert "for the owner" in page
    assert "for the stranger" not in page


def test_news_need_a_login(client, db):
    assert client.get(reverse("notification-list")).status_code == 302


def test_no_news_is_said_kindly(client, people):
    client.force_login(people["owner"])

    assert b"Nothing new" in client.get(reverse("notification-list")).content


def test_opening_marks_as_read_and_leads_there(client, people):
    line = notify(people["owner"], "job_done", "Upload: done.", "/jobs/5/")
    other = notify(people["owner"], "job_done", "Other")
    client.force_login(people["owner"])
    response = client.post(reverse("notification-open", kwargs={"pk": line.pk}))

    assert response["Location"] == "/jobs/5/"
    assert list(Notification.objects.filter(read_at=None)) == [other]


@pytest.mark.parametrize("url", ["", "https://example.com/", "//example.com/"])
def test_opening_never_leaves_the_site(client, people, url):
    line = notify(people["owner"], "mention", "x", url)
    client.force_login(people["owner"])
    response = client.post(reverse("notification-open", kwargs={"pk": line.pk}))

    assert response["Location"] == reverse("notification-list")


def test_news_of_another_are_hidden(client, people):
    line = notify(people["owner"], "mention", "x")
    client.force_login(people["stranger"])

    assert client.post(reverse("notification-open", kwargs={"pk": line.pk})).status_code == 404
    assert unread_count(people["owner"]) == 1


def test_all_are_marked_as_read_at_once(client, people):
    for text in ("a", "b"):
        notify(people["owner"], "mention", text)
    notify(people["stranger"], "mention", "c")
    client.force_login(people["owner"])
    client.post(reverse("notifications-read"))

    assert (unread_count(people["owner"]), unread_count(people["stranger"])) == (0, 1)
    assert mark_read(people["owner"]) == 0


def test_long_news_are_cut(people):
    assert notify(people["owner"], "mention", "x" * 600).text == "x" * 499 + "…"
