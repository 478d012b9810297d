"""Tasks that the tests of background work send."""

import sys
import threading
import time
from contextlib import nullcontext

from django.contrib.auth.models import Group
from django.db import connection, transaction

from tom_common.background import InputRefused, RunAgain, background_task, current_job

calls = []
release = threading.Event()
started = threading.Event()


@background_task()
def add(first, second=1):
    """Add two numbers."""
    calls.append((first, second))
    return first + second


@background_task(max_retries=2, title="A task that fails")
def fail(message="no luck"):
    calls.append(message)
    raise ValueError(message)


@background_task()
def report(total):
    job = current_job()
    for done in range(total):
        job.check_cancelled()
        job.progress(done + 1, total, f"piece {done + 1}")
        job.log(f"did piece {done + 1}")
    return {"pieces": total}


@background_task()
def wait_for_release():
    started.set()
    while not release.wait(0.02):
        current_job().check_cancelled()
    calls.append("released")


@background_task(time_limit_ms=300)
def never_end():
    while True:
        time.sleep(0.01)


@background_task(time_limit_ms=300)
def go_on_after_everything():
    while True:
        try:
            time.sleep(0.01)
        except Exception as error:  # noqa: BLE001  as a loop over items does
            calls.append(type(error).__name__)


@background_task()
def tell_inside_a_transaction_rolled_back():
    with transaction.atomic():
        Group.objects.create(name="never kept")
        current_job().progress(7, 10, "inside")
        current_job().log("told inside")
        time.sleep(0.1)
        transaction.set_rollback(True)


@background_task()
def poll():
    calls.append("poll")
    if len(calls) < 2:
        raise RunAgain(60, "waiting for the queue")
    return "ready"


@background_task(max_retries=2)
def wait_and_look_again(fails):
    started.set()
    release.wait(10)
    if fails:
        raise ValueError("no luck")
    raise RunAgain(0, "waiting for the queue")


@background_task(max_retries=2)
def refuse():
    calls.append("refuse")
    raise InputRefused("there is nothing in the file")


@background_task(queue="bulk", title="A long night")
def add_in_bulk(number):
    calls.append(number)


@background_task(queue="bulk")
def wait_in_bulk():
    started.set()
    while not release.wait(0.02):
        current_job().check_cancelled()
    calls.append("bulk released")


@background_task()
def leave_the_process():
    sys.exit("there is nothing to do here")


@background_task()
def lose_the_database(inside):
    """Have the server end the connection of the task, as its restart does."""
    with transaction.atomic() if inside else nullcontext(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@background_task()
def lose_the_database_unnoticed():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    elsewhere = connection.copy()
    with elsewhere.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    elsewhere.close()


@background_task()
def unserialisable():
    return {1, 2}
