"""Actions on the targets ticked in a list: who may see and edit them, and their deletion.

Each is a page that says how many targets it means before anything happens.
"""

from __future__ import annotations

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.views.generic import FormView, TemplateView

from tom_targets import conf, list_state, services, tasks
from tom_targets.bulk_deletion import delete_targets
from tom_targets.formats import count_text
from tom_targets.forms import BulkAccessForm
from tom_targets.forms.access import LEVELS
from tom_targets.views.mixins import LoginMixin

MAX_DELETED_AT_ONCE = 500  # more are deleted by a job, while the user goes on
MAX_DELETED_BY_JOB = 20_000
_SHOWN_NAMES = 8


def came_from(request):
    """Return the address of the list, with its filter, from which a selection was sent."""
    query = request.POST.get("query_string", "").lstrip("?")
    return f"{list_state.list_url()}?{query}" if query else list_state.list_url()


class _SelectionMixin(LoginMixin):
    """Reads the selection, which travels along in hidden fields until the last step."""

    action = "change_target"
    http_method_names = ["get", "post"]

    def get(self, request, *args, **kwargs):
        messages.info(request, "Select targets in the list first, then choose what to do with them.")
        return redirect(list_state.list_url())

    def selection(self, action):
        data = self.request.POST
        return list_state.selected_targets(
            self.request.user,
            action,
            ids=data.getlist("selected-target"),
            everything=data.get("isSelectAll") == "True",
            query_string=data.get("query_string", ""),
            request=self.request,
        )

    def get_context_data(self, **kwargs):
        data = self.request.POST
        everything = data.get("isSelectAll") == "True"
        allowed = self.selection(self.action)
        selected_count, allowed_count = self.selection("view_target").count(), allowed.count()
        return super().get_context_data(
            selected_ids=[] if everything else data.getlist("selected-target"),
            everything=everything,
            query_string=data.get("query_string", ""),
            selected_count=selected_count,
            allowed_count=allowed_count,
            refused_count=selected_count - allowed_count,
            allowed_text=count_text(allowed_count, False),
            names=list(allowed.order_by("name").values_list("name", flat=True)[:_SHOWN_NAMES]),
            more_count=max(0, allowed_count - _SHOWN_NAMES),
            back_url=came_from(self.request),
            **kwargs,
        )

    def nothing_selected(self):
        messages.warning(self.request, "No target was selected.")
        return redirect(came_from(self.request))

    def post(self, request, *args, **kwargs):
        if not self.selection("view_target").exists():
            return self.nothing_selected()
        if "confirmed" in request.POST:
            return self.act()
        return self.render_to_response(self.get_context_data(**kwargs))


class BulkAccessView(_SelectionMixin, FormView):
    """Visibility of many targets, and what users and groups may do with them."""

    template_name = "tom_targets/bulk_access.html"
    form_class = BulkAccessForm

    def get_form_kwargs(self):
        kwargs = {**super().get_form_kwargs(), "user": self.request.user}
        if "confirmed" not in self.request.POST:
            kwargs.pop("data", None)
            kwargs.pop("files", None)
        return kwargs

    def act(self):
        form = self.get_form()
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        # Keys first: what is changed may change what the selection finds.
        targets = self.selection("change_target")
        targets = targets.model.objects.filter(pk__in=list(targets.values_list("pk", flat=True)))
        said = self.apply(form.cleaned_data, targets)
        messages.success(self.request, said)
        return redirect(came_from(self.request))

    @staticmethod
    def apply(cleaned, targets):
        count = targets.count()
        holders = [*cleaned["groups"], *cleaned["users"]]
        if holders and cleaned["direction"] == "give":
            services.give_access_to_many(targets, holders, LEVELS[cleaned["level"]])
        elif holders:
            services.take_access_from_many(targets, holders)
        if cleaned["permissions"]:
            services.set_visibility(targets, cleaned["permissions"])
        return f"Who may see and edit {count_text(count, False)} was saved."


class BulkDeleteView(_SelectionMixin, TemplateView):
    """Moves many targets to the trash; very many in the background."""

    template_name = "tom_targets/bulk_delete.html"
    action = "delete_target"

    def get_context_data(self, **kwargs):
        limits = {"limit": MAX_DELETED_BY_JOB, "most_at_once": MAX_DELETED_AT_ONCE}
        return super().get_context_data(days=conf.trash_days(), **limits, **kwargs)

    def act(self):
        pks = list(self.selection("delete_target").values_list("pk", flat=True)[: MAX_DELETED_BY_JOB + 1])
        if len(pks) > MAX_DELETED_BY_JOB:
            messages.error(
                self.request,
                f"Nothing was deleted: at most {MAX_DELETED_BY_JOB:,} targets can be deleted at once."
                " Narrow the list.",
            )
        elif len(pks) > MAX_DELETED_AT_ONCE:
            title = f"Deletion of {count_text(len(pks), False)}"
            user = self.request.user
            job = tasks.delete_many_targets.submit(user=user, title=title, pks=pks, user_id=user.pk)
            return redirect(job.get_absolute_url())
        else:
            self.tell(delete_targets(pks, user=self.request.user))
        return redirect(came_from(self.request))

    def tell(self, found):
        if found.kept:
            messages.error(
                self.request, f"Rows of a plugin need these, so they stay: {', '.join(found.kept[:10])}."
            )
        if found.deleted:
            messages.success(
                self.request,
                format_html(
                    '{} deleted. <a href="{}">Undo</a> within {} days.',
                    f"{count_text(found.deleted, False)} {'was' if found.deleted == 1 else 'were'}",
                    reverse("targets:trash"),
                    conf.trash_days(),
                ),
            )
