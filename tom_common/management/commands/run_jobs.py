from django.core.management.base import BaseCommand

from tom_common.job_worker import JobWorker


class Command(BaseCommand):
    help = (
        "Run background jobs in this process, where no web process should (set TOM_BACKGROUND=thread there)."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="run the jobs that are due, then end")

    def handle(self, *, once, **options):
        worker = JobWorker()
        if once:
            count = 0
            while worker.run_one():
                count += 1
            self.stdout.write(f"{count} jobs run")
            return
        self.stdout.write("Running jobs; stop with Ctrl-C.")
        try:
            worker.run()
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
