"""Users of every kind for the tests of pages: ``anonymous, user, manager, staff, superuser``."""

from django.contrib.auth.models import Permission, User

PASSWORD = "correct horse 7 battery"


def make_user(name, **fields):
    """Create a user whose password is `PASSWORD`."""
    return User.objects.create_user(name, f"{name}@example.org", PASSWORD, **fields)


def give(user, *names):
    """Give permissions by ``app_label.codename`` and return the user as the database has it now."""
    for name in names:
        app_label, codename = name.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app_label, codename=codename)
        )
    return User.objects.get(pk=user.pk)


def cast():
    """Make one user of each kind; the manager holds the permissions on accounts and groups, no more."""
    manager = give(
        make_user("manager"),
        *(
            f"auth.{action}_{kind}"
            for action in ("view", "add", "change", "delete")
            for kind in ("user", "group")
        ),
    )
    return {
        "anonymous": None,
        "user": make_user("user"),
        "manager": manager,
        "staff": make_user("staff", is_staff=True),
        "superuser": make_user("superuser", is_staff=True, is_superuser=True),
    }
