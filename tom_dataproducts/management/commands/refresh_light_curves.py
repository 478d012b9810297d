"""Compute the summaries of light curves that lists and cards show."""

import time

from django.core.management.base import BaseCommand

from tom_dataproducts.models import LightCurveSummary
from tom_dataproducts.summaries import refresh_summaries


class Command(BaseCommand):
    help = "Compute the summaries of the light curves to which points came, or of all."

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true", help="also those that are up to date")
        parser.add_argument("--limit", type=int, help="most summaries to compute")
        parser.add_argument("--target_id", type=int, action="append", help="only this target (repeatable)")

    def handle(self, *args, **options):
        started = time.monotonic()
        ids = options["target_id"]
        if options["all"] and not ids:
            ids = LightCurveSummary.objects.order_by("pk").values_list("pk", flat=True)
        done = refresh_summaries(ids, limit=options["limit"])
        self.stdout.write(f"{done} summaries of light curves computed in {time.monotonic() - started:.1f} s.")
