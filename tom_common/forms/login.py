"""Forms to get in: log in, ask for a new password, set one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm, SetPasswordForm
from django.core.exceptions import ValidationError

from tom_common import login_throttle


class LoginForm(AuthenticationForm):
    """Username and password; says how long to wait after too many wrong ones."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "Username and password do not fit together. Both may be case-sensitive.",
        "throttled": "Too many wrong passwords for this username from where you are. Wait %(wait)s and try"
        " again, or reset the password. Other accounts are not affected.",
    }
    wait_s = 0

    def clean(self) -> dict[str, Any]:
        """Refuse without looking at the password while the account has to wait."""
        username = self.cleaned_data.get("username")
        if username and self.request is not None:
            self.wait_s = login_throttle.wait_seconds(username, login_throttle.client_address(self.request))
        if self.wait_s:
            raise ValidationError(
                self.error_messages["throttled"], code="throttled", params={"wait": _in_words(self.wait_s)}
            )
        return super().clean()


def _in_words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"


class PasswordResetRequestForm(PasswordResetForm):
    """Asks for the mail address; the link in the mail leads to the host that was asked, not to a Site row."""

    def save(self, **options: Any) -> None:
        """Send the mail if the address belongs to somebody."""
        options.setdefault("domain_override", options["request"].get_host())
        super().save(**options)


class ChangeUserPasswordForm(SetPasswordForm):
    """A new password for somebody else, or for an account that forgot its own."""
