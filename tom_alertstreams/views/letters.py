"""Messages that could not be used: the list, one of them, and what can be done."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.generic import TemplateView, View

from tom_alertstreams import conf
from tom_alertstreams.letters import SHOWN_BYTES, decoded, hex_lines, sent_at
from tom_alertstreams.models import DeadLetter, UnkeptLetters
from tom_alertstreams.permissions import dead_letters_for_user, may_handle_dead_letters
from tom_alertstreams.selectors import dead_by_topic, dead_letters, not_kept, of_place
from tom_alertstreams.services import discard, forget_count
from tom_alertstreams.tasks import replay_dead_letters
from tom_common.keyset import count_rows, keyset_page, pager

PAGE_SIZE = 50


class LetterMixin(LoginRequiredMixin, UserPassesTestMixin):
    """Let those in who may see dead letters; ask visitors to log in, and refuse others."""

    def test_func(self):
        return may_handle_dead_letters(self.request.user)

    def rights(self):
        user = self.request.user
        return {
            "may_replay": may_handle_dead_letters(user, "change"),
            "may_discard": may_handle_dead_letters(user, "delete"),
        }


def place_query(topic, group):
    return urlencode({name: value for name, value in (("topic", topic), ("group", group)) if value})


class DeadLetterListView(LetterMixin, TemplateView):
    """Newest first; ``?topic=`` and ``?group=`` keep some, ``?replayed=1`` shows those used since."""

    template_name = "tom_alertstreams/dead_letters.html"

    def get_context_data(self, **kwargs):
        topic, group = (self.request.GET.get(name, "") for name in ("topic", "group"))
        replayed = self.request.GET.get("replayed") == "1"
        rows = dead_letters(self.request.user, topic=topic, group=group, replayed=replayed)
        known = {*dead_by_topic(), (group, topic)}
        page = keyset_page(
            rows, sort="-pk", page_size=PAGE_SIZE, cursor=self.request.GET.get("cursor") or None
        )
        return super().get_context_data(
            letters=page.items,
            not_kept=not_kept(self.request.user, topic=topic, group=group),
            letters_kept=conf.letters_kept(),
            topic=topic,
            group=group,
            place=place_query(topic, group),
            topics=sorted({name for _, name in known if name}),
            groups=sorted({name for name, _ in known if name}),
            replayed=replayed,
            **self.rights(),
            **pager(self.request, page, count_rows(rows), "messages"),
            **kwargs,
        )


class DeadLetterView(LetterMixin, TemplateView):
    """One message: where it comes from, why it could not be used, its bytes."""

    template_name = "tom_alertstreams/dead_letter.html"

    def get_context_data(self, **kwargs):
        letter = get_object_or_404(
            dead_letters_for_user(self.request.user, DeadLetter.objects.all()), pk=self.kwargs["pk"]
        )
        value = bytes(letter.value)
        text, form = decoded(letter)
        key = bytes(letter.key) if letter.key is not None else b""
        return super().get_context_data(
            letter=letter,
            place=place_query(letter.topic, letter.group),
            sent=sent_at(letter),
            size=len(value),
            hex_lines=hex_lines(value),
            is_cut=len(value) > SHOWN_BYTES,
            shown_bytes=SHOWN_BYTES,
            key_size=len(key),
            key_text=key[:200].decode("utf-8", "backslashreplace"),
            headers=[
                (name, bytes.fromhex(digits)[:200].decode("utf-8", "backslashreplace"))
                for name, digits in letter.headers
            ],
            decoded=text,
            form=form,
            **self.rights(),
            **kwargs,
        )


class DeadLetterContentView(LetterMixin, View):
    """The bytes, to be kept."""

    def get(self, request, pk):
        letter = get_object_or_404(dead_letters_for_user(request.user, DeadLetter.objects.all()), pk=pk)
        response = HttpResponse(bytes(letter.value), content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="message-{letter.pk}.bin"'
        return response


class ChosenMixin(LetterMixin):
    """Finds the letters of a form: by ``letter``, or with ``everything`` those of a ``topic`` and ``group``.

    Of everything, those that came after the page which told their number are left out: ``up_to``.
    """

    http_method_names = ("post",)
    action = "change"

    def test_func(self):
        return may_handle_dead_letters(self.request.user, self.action)

    def chosen(self):
        rows = dead_letters_for_user(self.request.user, DeadLetter.objects.all(), self.action)
        if self.request.POST.get("everything"):
            rows = rows.filter(replayed=None)
            if up_to := self.keys("up_to"):
                rows = rows.filter(pk__lte=up_to[0])
            return of_place(rows, **self.place())
        return rows.filter(pk__in=self.keys("letter"))

    def keys(self, name):
        return [int(pk) for pk in self.request.POST.getlist(name) if pk.isdecimal() and len(pk) < 19]

    def last(self, rows):
        return rows.order_by("-pk").values_list("pk", flat=True).first()

    def place(self):
        return {name: self.request.POST.get(name, "") for name in ("topic", "group")}

    def back_url(self):
        query = place_query(**self.place())
        return reverse("alertstreams:dead-letters") + (f"?{query}" if query else "")

    def nothing_chosen(self):
        messages.info(self.request, "No message was chosen.")
        return redirect(self.back_url())


class ReplayView(ChosenMixin, View):
    """Use messages once more, by a job."""

    def post(self, request):
        chosen = self.chosen().filter(replayed=None)
        last = self.last(chosen)
        if last is None:
            return self.nothing_chosen()
        if request.POST.get("everything"):
            which = {**self.place(), "up_to": last}
        else:
            which = {"pks": list(chosen.values_list("pk", flat=True))}
        job = replay_dead_letters.submit(
            user=request.user, title="Replay of messages", user_id=request.user.pk, **which
        )
        return redirect(job.get_absolute_url())


class ForgetCountView(ChosenMixin, View):
    """Forget how many messages were not kept."""

    action = "delete"

    def post(self, request):
        rows = dead_letters_for_user(request.user, UnkeptLetters.objects.all(), self.action)
        forget_count(rows.filter(pk__in=self.keys("count")))
        return redirect(self.back_url())


class DiscardView(ChosenMixin, View):
    """Delete messages, once that is confirmed."""

    action = "delete"

    def post(self, request):
        everything = bool(request.POST.get("everything"))
        chosen = self.chosen()
        last = self.last(chosen)
        if last is None:
            return self.nothing_chosen()
        if request.POST.get("confirmed") and (self.keys("up_to") or not everything):
            count = discard(chosen)
            messages.success(request, f"{count:,} message{'s are' if count != 1 else ' is'} discarded.")
            return redirect(self.back_url())
        context = {
            "count": chosen.filter(pk__lte=last).count(),
            "pks": [] if everything else self.keys("letter"),
            "everything": everything,
            "up_to": last,
            **self.place(),
            "back_url": self.back_url(),
        }
        return render(request, "tom_alertstreams/discard.html", context)
