"""Deletes trashed targets for good."""

from django.core.management.base import BaseCommand

from tom_targets import conf, trash
from tom_targets.models import TrashedTarget

_BATCH = 100


class Command(BaseCommand):
    help = "Delete for good the trashed targets that were kept long enough, with their files."

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true", help="all of them, however new")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args, **options):
        rows = TrashedTarget.objects.all() if options["all"] else trash.expired()
        what = "trashed targets" if options["all"] else f"targets trashed over {conf.trash_days()} days ago"
        if options["dry_run"]:
            self.stdout.write(f"{rows.count()} {what} would be deleted for good.")
            return
        targets = files = 0
        while batch := list(rows.order_by("pk")[:_BATCH]):
            done = trash.purge(batch)
            targets, files = targets + done[0], files + done[1]
        self.stdout.write(f"{targets} {what} and {files} files were deleted for good.")
