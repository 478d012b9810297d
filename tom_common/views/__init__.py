"""Pages of accounts, people, comments, and the start page. The names are public: projects subclass them."""

from tom_common.views.accounts import (
    LoginView,
    LogoutView,
    OwnPasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetDoneView,
    PasswordResetView,
    SignUpView,
)
from tom_common.views.comments import CommentDeleteView, CommentPostView, commented_object_redirect
from tom_common.views.groups import GroupCreateView, GroupDeleteView, GroupUpdateView
from tom_common.views.home import AboutView, HomeView, robots_txt
from tom_common.views.profile import RegenerateAPITokenView, UserProfileView
from tom_common.views.theme import ThemeView
from tom_common.views.users import (
    UserApproveView,
    UserCreateView,
    UserDeleteView,
    UserListView,
    UserPasswordChangeView,
    UserUpdateView,
)

__all__ = [
    "AboutView",
    "CommentDeleteView",
    "CommentPostView",
    "GroupCreateView",
    "GroupDeleteView",
    "GroupUpdateView",
    "HomeView",
    "LoginView",
    "LogoutView",
    "OwnPasswordChangeView",
    "PasswordResetConfirmView",
    "PasswordResetDoneView",
    "PasswordResetView",
    "RegenerateAPITokenView",
    "SignUpView",
    "ThemeView",
    "UserApproveView",
    "UserCreateView",
    "UserDeleteView",
    "UserListView",
    "UserPasswordChangeView",
    "UserProfileView",
    "UserUpdateView",
    "commented_object_redirect",
    "robots_txt",
]
