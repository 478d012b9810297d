"""URLs of accounts, people, comments and the start page; ``tom_common.urls`` puts them in their places."""

from django.apps import apps
from django.urls import path, re_path
from django.views.generic import RedirectView

from tom_common import views

home_urlpatterns = [path("", views.HomeView.as_view(), name="home")]

account_urlpatterns = [
    path("accounts/login/", views.LoginView.as_view(), name="login"),
    path("accounts/logout/", views.LogoutView.as_view(), name="logout"),
    # The names of allauth, which pages and plugins made for TOM Toolkit 3 link to.
    path("accounts/login/", views.LoginView.as_view(), name="account_login"),
    path("accounts/logout/", views.LogoutView.as_view(), name="account_logout"),
    path("accounts/signup/", views.SignUpView.as_view(), name="account_signup"),
    path("accounts/password_change/", views.OwnPasswordChangeView.as_view(), name="password_change"),
    path(
        "accounts/password_change/done/",
        RedirectView.as_view(pattern_name="user-profile"),
        name="password_change_done",
    ),
    path("accounts/password_reset/", views.PasswordResetView.as_view(), name="password_reset"),
    path("accounts/password_reset/done/", views.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "accounts/reset/<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("accounts/reset/done/", RedirectView.as_view(pattern_name="login"), name="password_reset_complete"),
    path("users/", views.UserListView.as_view(), name="user-list"),
    path("users/create/", views.UserCreateView.as_view(), name="user-create"),
    path("users/profile/", views.UserProfileView.as_view(), name="user-profile"),
    path("users/profile/theme/", views.ThemeView.as_view(), name="theme"),
    path("users/<int:pk>/update/", views.UserUpdateView.as_view(), name="user-update"),
    path("users/<int:pk>/delete/", views.UserDeleteView.as_view(), name="user-delete"),
    path("users/<int:pk>/approve/", views.UserApproveView.as_view(), name="user-approve"),
    path(
        "users/<int:pk>/changepassword/",
        views.UserPasswordChangeView.as_view(),
        name="admin-user-change-password",
    ),
    path(
        "users/<int:pk>/regenerate-token/",
        views.RegenerateAPITokenView.as_view(),
        name="regenerate-api-token",
    ),
    path("groups/create/", views.GroupCreateView.as_view(), name="group-create"),
    path("groups/<int:pk>/update/", views.GroupUpdateView.as_view(), name="group-update"),
    path("groups/<int:pk>/delete/", views.GroupDeleteView.as_view(), name="group-delete"),
    path("about/", views.AboutView.as_view(), name="about"),
    path("robots.txt", views.robots_txt, name="robots_txt"),
]

if apps.is_installed("django_comments"):
    # Not django_comments.urls: its pages show comments, and tell which objects exist, to whoever asks.
    account_urlpatterns += [
        path("comments/post/", views.CommentPostView.as_view(), name="comments-post-comment"),
        path("comments/delete/<int:pk>/", views.CommentDeleteView.as_view(), name="comments-delete"),
        re_path(
            r"^comments/cr/(\d{1,18})/(.{1,64})/$",
            views.commented_object_redirect,
            name="comments-url-redirect",
        ),
        path("comment/<int:pk>/delete", views.CommentDeleteView.as_view(), name="comment-delete"),
    ]
