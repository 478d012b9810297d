"""Two who make the list of one name at the same time get the same list."""

import threading

import pytest
from django.db import connection, transaction

from tom_targets.models import TargetList
from tom_targets.services import list_or_new


@pytest.mark.django_db
def test_a_list_is_made_once_and_the_oldest_of_a_name_is_taken():
    made, is_new = list_or_new("ztf")
    TargetList.objects.create(name="ztf")
    assert (list_or_new("ztf"), is_new) == ((made, False), True)


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_who_comes_second_waits_for_the_list_of_the_first():
    asks, found = threading.Event(), []

    def second():
        asks.set()
        try:
            found.append(list_or_new("ztf"))
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        first, _ = list_or_new("ztf")
        thread.start()
        asks.wait(30)
        thread.join(0.5)  # it waits for the lock; without one it would have made its own by now
    thread.join(30)
    assert found == [(first, False)] and TargetList.objects.count() == 1
