"""What some instructions call rundramatiq."""

from tom_common.management.commands.rundramatiq import Command as RunDramatiq


class Command(RunDramatiq):
    help = "The same as rundramatiq, whose name is sometimes written like this."

    def handle(self, *args, **options):
        self.stderr.write("The name is rundramatiq, with a q.")
        return super().handle(*args, **options)
