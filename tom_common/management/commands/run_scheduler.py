import signal
import threading

from django.core.management.base import BaseCommand, CommandError

from tom_common import scheduler
from tom_common.caretaker import LOOK_S, Caretaker
from tom_common.models import PeriodicTask, Worker


class Command(BaseCommand):
    help = (
        "Put periodic work into the queue of jobs when its time has come. Any number of these may run at"
        " once, on any machine: each time comes once. Web processes and workers do the same beside their"
        " work, so that this command is needed only where none of them runs all the time."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="queue what is due now, then end")
        parser.add_argument(
            "--now", metavar="NAME", help="queue one piece of periodic work at once, then end"
        )
        parser.add_argument("--list", action="store_true", help="tell what there is and when it runs")

    def handle(self, *, once, now, **options):
        if options["list"]:
            self.tell()
        elif now:
            self.run_one(now)
        elif once:
            jobs = scheduler.run_due()
            for job in jobs:
                self.stdout.write(f"job {job.pk}: {job.title}")
            self.stdout.write(f"{len(jobs)} queued")
        else:
            self.run_on()

    def tell(self):
        rows = {row.name: row for row in PeriodicTask.objects.all()}
        for name, entry in sorted(scheduler.periodic_tasks().items()):
            row = rows.get(name)
            when = f"{row.next_run_at:%Y-%m-%d %H:%M:%S} UTC" if row else "within a minute"
            self.stdout.write(f"{name:30} every {entry.every_s:.0f} s, next {when}  {entry.task}")

    def run_one(self, name):
        if name not in scheduler.periodic_tasks():
            raise CommandError(f"there is no periodic work {name!r}; --list tells what there is")
        try:
            job = scheduler.run_now(name)
        except scheduler.NotQueuedError as error:
            raise CommandError(f"{name!r} was not queued. {error}") from error
        self.stdout.write(f"job {job.pk}: {job.title}")

    def run_on(self):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        caretaker = Caretaker(Worker.Kind.SCHEDULER)
        caretaker.start()
        self.stdout.write(f"Looking every {LOOK_S:.0f} s for periodic work; stop with Ctrl-C.")
        self.stdout.flush()
        stop.wait()
        caretaker.stop()
        caretaker.join(5)
        self.stdout.write("Stopped.")
