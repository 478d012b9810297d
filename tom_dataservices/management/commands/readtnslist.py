"""``manage.py readtnslist``: read the daily list of the Transient Name Server, and complete targets by it."""

from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from tom_common.remote import RemoteError
from tom_dataservices import tns_completion, tns_list
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError


class Command(BaseCommand):
    help = (
        "Reads the public list of the Transient Name Server into a table: what was made since the last "
        "time, or everything at first. Costs no question of its interface."
    )

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true", help="Fetch the file of all transients (14 MB).")
        parser.add_argument("--file", type=Path, help="Read this file, ZIP or CSV, and ask TNS for none.")
        parser.add_argument(
            "--complete", action="store_true", help="Give targets the names and the class that the list has."
        )
        parser.add_argument("--user", help="Complete only targets that the user of this name may change.")

    def handle(self, *args, **options):
        user = self._user(options["user"]) if options["user"] else None
        try:
            if options["file"]:
                with options["file"].open("rb") as file:
                    report = tns_list.read_file(file, options["file"].name)
            else:
                report = tns_list.read_new_files(everything=options["all"])
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}") from error
        except (NotConfiguredError, MissingDataException, RemoteError) as error:
            raise CommandError(str(error)) from error
        for reason in report.reasons:
            self.stderr.write(f"left out: {reason}")
        self.stdout.write(report.summary())
        if options["complete"]:
            completed = tns_completion.complete_targets(user=user)
            for note in completed.notes:
                self.stdout.write(note)
            self.stdout.write(completed.summary())

    def _user(self, name):
        user = get_user_model()._default_manager.filter(username=name).first()
        if user is None:
            raise CommandError(f"there is no user named {name}")
        return user
