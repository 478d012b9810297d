"""Forms of accounts: log in, create, edit and approve users, groups, passwords."""

from tom_common.forms.groups import GroupForm
from tom_common.forms.login import ChangeUserPasswordForm, LoginForm, PasswordResetRequestForm
from tom_common.forms.profile import (
    ProfileFormSetMixin,
    ProfileModelForm,
    ProfileSettingsForm,
    ProfileSettingsInlineFormSet,
    UserProfileInlineFormSet,
)
from tom_common.forms.users import (
    CustomUserCreationForm,
    OwnAccountForm,
    SignUpForm,
    UserCreateForm,
    UserUpdateForm,
)

__all__ = [
    "ChangeUserPasswordForm",
    "CustomUserCreationForm",
    "GroupForm",
    "LoginForm",
    "OwnAccountForm",
    "PasswordResetRequestForm",
    "ProfileFormSetMixin",
    "ProfileModelForm",
    "ProfileSettingsForm",
    "ProfileSettingsInlineFormSet",
    "SignUpForm",
    "UserCreateForm",
    "UserProfileInlineFormSet",
    "UserUpdateForm",
]
