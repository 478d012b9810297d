"""Writing and deleting a comment; they are read on the page of their object, by ``tom_common_extras``."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_protect
from django.views.generic import TemplateView, View

from tom_common import comments


def _safe_path(request, address):
    """Return an address if it leads to this site, else ''."""
    allowed = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if address and allowed else ""


@method_decorator(csrf_protect, name="dispatch")
class CommentPostView(View):
    """Takes the form of ``comments/form.html``: ``content_type``, ``object_pk``, ``comment``, ``next``."""

    http_method_names = ["post", "options"]

    def post(self, request):
        if not comments.are_enabled():
            raise Http404
        if request.POST.get("honeypot"):
            raise BadRequest("the field that people do not see was filled in")
        label, pk = request.POST.get("content_type", ""), request.POST.get("object_pk", "")
        text = request.POST.get("comment", "").replace("\0", "").strip()  # PostgreSQL takes no NUL
        if not request.user.is_authenticated:
            # The session ended while they typed: the text waits in the form until they are back.
            comments.keep_draft(request, label, pk, text)
            messages.info(request, "Log in, and your comment will be in the form again.")
            return redirect_to_login(self._page(request) or reverse("home"))
        instance = comments.commented_object(request.user, label, pk)
        if instance is None:
            raise Http404
        if not text:
            return self._again(request, instance, text, "Write something first.")
        if len(text) > comments.MAX_LENGTH:
            error = f"At most {comments.MAX_LENGTH} characters; these are {len(text)}."
            return self._again(request, instance, text, error)
        try:
            comment = comments.post_comment(request, instance, text)
        except comments.CommentRefused:
            return self._again(request, instance, text, "This TOM did not take the comment.")
        return HttpResponseRedirect(self._address_of(request, instance, comment))

    def _page(self, request):
        """Return the page that the comment was written on."""
        page = _safe_path(request, request.POST.get("next", ""))
        if page:
            return page
        referer = _safe_path(request, request.headers.get("referer", ""))
        return urlsplit(referer).path if referer else ""

    def _address_of(self, request, instance, comment):
        page = _safe_path(request, request.POST.get("next", ""))
        if page:
            return f"{page.partition('#')[0]}#c{comment.pk}"
        return comments.comment_url(comment, instance) or reverse("home")

    def _again(self, request, instance, text, error):
        context = {
            "object": instance,
            "comment_content_type": instance._meta.label_lower,
            "comment_object_pk": instance.pk,
            "draft": text,
            "error": error,
            "next": _safe_path(request, request.POST.get("next", "")),
        }
        return render(request, "comments/preview.html", context)


class CommentDeleteView(LoginRequiredMixin, TemplateView):
    """Asks, then deletes a comment by POST: for its author, staff and moderators who may see the object."""

    template_name = "django_comments/comment_confirm_delete.html"

    def _comment(self):
        if not comments.are_enabled():
            raise Http404
        comment = get_object_or_404(comments.readable_comments(self.request.user), pk=self.kwargs["pk"])
        if not comments.may_delete(self.request.user, comment):
            raise Http404
        return comment

    def get_context_data(self, **kwargs):
        comment = self._comment()
        cancel_url = comments.comment_url(comment) or reverse("home")
        return super().get_context_data(comment=comment, cancel_url=cancel_url, **kwargs)

    def post(self, request, *args, **kwargs):
        comment = self._comment()
        back = comments.comment_url(comment).partition("#")[0] or reverse("home")
        comment.delete()
        messages.success(request, "The comment is deleted.")
        return HttpResponseRedirect(back)


def commented_object_redirect(request, content_type_id, object_pk):
    """Lead to the page of a commented object, for those who may see it; unlike the contenttypes shortcut."""
    content_type = ContentType.objects.filter(pk=content_type_id).first()
    label = f"{content_type.app_label}.{content_type.model}" if content_type is not None else ""
    instance = comments.commented_object(request.user, label, object_pk)
    if instance is None or not hasattr(instance, "get_absolute_url"):
        raise Http404
    return HttpResponseRedirect(instance.get_absolute_url())
