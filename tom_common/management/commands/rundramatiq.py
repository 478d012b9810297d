"""Starts dramatiq's workers, by django_dramatiq's command of the same name, with what our jobs need."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tom_common import conf
from tom_common.background import dramatiq_is_set_up

_WAITS_LONGER_S = 10


class Command(BaseCommand):
    help = "Run the workers of dramatiq, which take background jobs from Redis or RabbitMQ."

    def add_arguments(self, parser):
        _theirs().add_arguments(parser)

    def handle(self, *args, **options):
        if not dramatiq_is_set_up():
            raise CommandError(_why_not())
        if options["threads"] < 3:
            self.stderr.write(
                "Fewer than three threads would let bulk work and a silent service keep interactive work"
                " waiting: three are started."
            )
            options["threads"] = 3
        # Jobs are given TOM_STOP_GRACE_S, then go back to the queue; dramatiq waits a little longer.
        longest_ms = int((conf.stop_grace_s() + _WAITS_LONGER_S) * 1000)
        options["worker_shutdown_timeout"] = min(options["worker_shutdown_timeout"], longest_ms)
        self.stdout.flush()
        return _theirs().handle(*args, **options)


def _theirs():
    try:
        from django_dramatiq.management.commands.rundramatiq import Command as Theirs
    except ImportError as error:
        raise CommandError("django-dramatiq is not installed: pip install django-dramatiq") from error
    return Theirs()


def _why_not():
    if getattr(settings, "DRAMATIQ_BROKER", None):
        return "DRAMATIQ_BROKER is set, but django_dramatiq is not in INSTALLED_APPS."
    return (
        "no queue is set up: set REDIS_URL or RABBITMQ_URL (in settings of your own: DRAMATIQ_BROKER, and"
        " django_dramatiq in INSTALLED_APPS). Without a queue the web server runs background jobs itself;"
        " manage.py run_jobs runs them in a process of their own."
    )
