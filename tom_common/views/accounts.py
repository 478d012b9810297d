"""Getting in and out: log in, log out, forgotten and changed passwords, sign-up."""

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.generic import CreateView

from tom_common import conf, notifications
from tom_common.forms import LoginForm, PasswordResetRequestForm, SignUpForm
from tom_common.people import profile_of
from tom_common.views.theme import set_theme_cookie


class LoginView(auth_views.LoginView):
    """Asks for username and password and leads on to ``next`` on this site."""

    form_class = LoginForm

    def form_valid(self, form):
        response = super().form_valid(form)
        if theme := profile_of(form.get_user()).theme:  # without one in the profile this device keeps its own
            set_theme_cookie(response, theme)
        return response

    def form_invalid(self, form):
        response = super().form_invalid(form)
        if form.wait_s:
            response.status_code = 429
            response["Retry-After"] = str(form.wait_s)
        return response

    def get_context_data(self, **kwargs):
        strategy = conf.registration_strategy()
        return super().get_context_data(sign_up_url=reverse("account_signup") if strategy else "", **kwargs)


class LogoutView(auth_views.LogoutView):
    """Logs out by POST; a GET, from a bookmark or a typed address, asks first."""

    http_method_names = ["get", "post", "options"]

    def get(self, request, *args, **kwargs):
        if not request.user.is_authenticated:
            return redirect("login")
        return render(request, "registration/logout.html")


class OwnPasswordChangeView(auth_views.PasswordChangeView):
    template_name = "registration/password_change.html"
    success_url = reverse_lazy("user-profile")

    def form_valid(self, form):
        messages.success(self.request, "Your password is changed. Other sessions of yours have ended.")
        return super().form_valid(form)


class PasswordResetView(auth_views.PasswordResetView):
    """Answers the same for every address, known or not."""

    form_class = PasswordResetRequestForm
    template_name = "registration/password_reset.html"
    # Not the names of django.contrib.auth, whose own templates would be found first.
    email_template_name = "registration/reset_mail.txt"
    subject_template_name = "registration/reset_mail_subject.txt"

    def form_valid(self, form):
        self.extra_email_context = {"tom_name": conf.tom_name()}
        return super().form_valid(form)


class PasswordResetDoneView(auth_views.PasswordResetDoneView):
    template_name = "registration/password_reset_sent.html"


class PasswordResetConfirmView(auth_views.PasswordResetConfirmView):
    template_name = "registration/password_reset_new.html"
    success_url = reverse_lazy("login")

    def form_valid(self, form):
        messages.success(self.request, "Your password is set. Log in with it now.")
        return super().form_valid(form)


@method_decorator(login_not_required, name="dispatch")
class SignUpView(CreateView):
    """Lets visitors make their own accounts if ``TOM_REGISTRATION_STRATEGY`` says so; else tells who can."""

    form_class = SignUpForm
    template_name = "account/signup.html"
    success_url = reverse_lazy("login")

    def dispatch(self, request, *args, **kwargs):
        if not conf.registration_strategy():
            return render(request, "account/signup_closed.html")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form):
        waits = conf.registration_strategy() == "approval_required"
        form.instance.is_active = not waits
        with transaction.atomic():
            user = form.save()
            if waits:
                _tell_superusers(user)
        messages.success(
            self.request,
            "Your account waits for approval. You can log in once somebody of the staff has approved it."
            if waits
            else "Your account is ready. Log in with it now.",
        )
        return HttpResponseRedirect(self.success_url)


def _tell_superusers(user):
    for superuser in get_user_model().objects.filter(is_superuser=True, is_active=True):
        notifications.notify(
            superuser,
            "account_request",
            f"{user.get_username()} asks for an account",
            url=reverse("user-list"),
        )
