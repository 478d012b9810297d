import signal
import threading

from django.core.management.base import BaseCommand

from tom_common import conf
from tom_common.job_worker import Crew, JobWorker
from tom_common.models import Job, Worker


class Command(BaseCommand):
    help = (
        "Run background jobs in this process, where no web process should (set TOM_BACKGROUND=thread there)."
        " TOM_INTERACTIVE_THREADS threads run interactive work, another bulk work. SIGTERM and Ctrl-C end it:"
        " jobs are given TOM_STOP_GRACE_S seconds, then they go back to the queue."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="run the jobs that are due, then end")
        parser.add_argument("--queue", choices=Job.Queue.values, help="with --once: of this queue only")

    def handle(self, *, once, queue, **options):
        if once:
            worker = JobWorker([queue] if queue else None)
            count = 0
            while worker.run_one():
                count += 1
            self.stdout.write(f"{count} jobs run")
            return
        stop = threading.Event()
        before = {
            number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
        }
        crew = Crew(Worker.Kind.RUN_JOBS, runs_jobs=True)
        crew.start()
        self.stdout.write("Running jobs; stop with Ctrl-C.")
        self.stdout.flush()
        try:
            while not stop.wait(1):
                if not crew.is_alive():
                    self.stderr.write("A thread has ended unexpectedly.")
                    break
        finally:
            crew.stop(conf.stop_grace_s())
            for number, handler in before.items():
                signal.signal(number, handler)
        self.stdout.write("Stopped.")
