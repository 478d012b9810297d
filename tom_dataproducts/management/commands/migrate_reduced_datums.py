"""Move generic measurements into the typed tables."""

from django.core.management.base import BaseCommand

from tom_dataproducts.services import move_generic_data
from tom_dataproducts.summaries import refresh_summaries


class Command(BaseCommand):
    help = "Move photometry, spectra and positions from the generic table into the typed ones."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")

    def handle(self, *args, **options):
        dry_run = options["dry_run"]
        report = move_generic_data(dry_run=dry_run)
        self.stdout.write(f"{report.moved} measurements {'would be' if dry_run else 'were'} moved.")
        if report.left:
            self.stdout.write(f"{report.left} {'would stay' if dry_run else 'stay'} where they are:")
            for reason, count in sorted(report.reasons.items()):
                self.stdout.write(f"  {count}: {reason}")
        if not dry_run and report.moved:
            self.stdout.write(f"{refresh_summaries()} summaries of light curves computed.")
