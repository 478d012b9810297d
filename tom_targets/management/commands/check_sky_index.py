"""Finds and mends the columns computed from position and name that raw SQL left wrong."""

from django.core.management.base import BaseCommand

from tom_targets.derived_check import check_derived
from tom_targets.models import BaseTarget, TargetName


class Command(BaseCommand):
    help = (
        "Find targets and aliases whose sky_index or name_key does not fit position and name, and mend them."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="only say how many are wrong")

    def handle(self, *args, **options):
        done = "are" if options["dry_run"] else "were"
        for model, noun in ((BaseTarget, "targets"), (TargetName, "aliases")):
            counts = check_derived(model, mend=not options["dry_run"])
            for column, wrong in counts.wrong.items():
                verdict = "all right" if not wrong else f"{wrong} {done} wrong"
                if wrong and not options["dry_run"]:
                    verdict += " and are mended"
                self.stdout.write(f"{column} of {counts.checked} {noun}: {verdict}.")
