"""``manage.py updatereduceddata``: ask services again for the data that they gave of stored targets."""

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from tom_alerts import data_updates
from tom_alerts.update_tasks import update_service_data
from tom_targets.models import Target, TargetList


class Command(BaseCommand):
    help = (
        "Asks data services and brokers again for the data of targets that have data of theirs. A service is"
        " asked about a target as often as its answers change, no oftener."
    )

    def add_arguments(self, parser):
        parser.add_argument("--target_id", type=int, help="Number of one target; all without.")
        parser.add_argument("--list", type=int, dest="list_pk", help="Number of a list: each of its targets.")
        parser.add_argument(
            "--service", action="append", default=[], help="Name of a service or broker; may be repeated."
        )
        parser.add_argument("--user", help="With the rights of this user, and with their keys.")
        parser.add_argument("--force", action="store_true", help="Ask also where it was asked lately.")
        parser.add_argument(
            "--any-source", action="store_true", help="Ask also about targets without data of the service."
        )
        parser.add_argument(
            "--background", action="store_true", help="Leave it to background jobs, one for each service."
        )

    def handle(self, *args, **options):
        user = None
        if options["user"]:
            model = get_user_model()
            user = model._default_manager.filter(**{model.USERNAME_FIELD: options["user"]}).first()
            if user is None:
                raise CommandError(f"there is no user {options['user']!r}")
        targets = self._targets(options)
        try:
            services = data_updates.wanted(options["service"])
        except LookupError as error:
            raise CommandError(str(error)) from error
        everything = options["any_source"] or options["list_pk"] is not None
        failed = []
        for kind, name in services:
            if options["background"]:
                self._leave(kind, name, user, options)
                continue
            among = targets if everything else data_updates.fed_by(name, targets)
            report = data_updates.update(kind, name, among, user=user, force=options["force"])
            if report.asked or report.skipped:
                self.stdout.write(f"{name}: {report.summary()}")
            for note in report.notes:
                self.stderr.write(f"{name}: {note}")
            failed += [name] * bool(report.failed)
        if failed:
            raise CommandError(f"not all could be asked: {', '.join(failed)}")

    def _targets(self, options):
        if options["target_id"] is not None:
            targets = Target.objects.filter(pk=options["target_id"])
            if not targets.exists():
                raise CommandError(f"there is no target {options['target_id']}")
            return targets
        if options["list_pk"] is not None:
            if not TargetList.objects.filter(pk=options["list_pk"]).exists():
                raise CommandError(f"there is no target list {options['list_pk']}")
            return Target.objects.filter(targetlist=options["list_pk"])
        return Target.objects.all()

    def _leave(self, kind, name, user, options):
        job = update_service_data.submit(
            user=user,
            title=f"{name}: data of targets",
            kind=kind,
            service=name,
            user_id=user.pk if user else None,
            list_pk=options["list_pk"],
            target_pk=options["target_id"],
            force=options["force"],
            any_source=options["any_source"],
        )
        self.stdout.write(f"{name}: job {job.pk}")
