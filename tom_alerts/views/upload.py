"""Upload of alert files, and the packets that could not be read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.generic import FormView, ListView

from tom_alerts.forms import AlertUploadForm
from tom_dataservices.models import RejectedPacket
from tom_dataservices.permissions import rejected_packets_for_user
from tom_dataservices.tasks import ingest_uploaded_alerts
from tom_dataservices.uploads import keep_uploads
from tom_targets.permissions import may_create_targets


class AlertUploadView(LoginRequiredMixin, UserPassesTestMixin, FormView):
    """Take alert files and ingest them in the background."""

    template_name = "tom_alerts/upload.html"
    form_class = AlertUploadForm
    raise_exception = False

    def test_func(self) -> bool:
        """Only those who may create targets may upload alerts."""
        return may_create_targets(self.request.user)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form its user."""
        return {**super().get_form_kwargs(), "user": self.request.user}

    def form_valid(self, form: AlertUploadForm) -> HttpResponse:
        """Keep the files, start the job and go to its page."""
        files = form.cleaned_data["files"]
        title = f"Ingest alerts from {files[0].name}"
        if len(files) > 1:
            title += f" and {len(files) - 1} more"
        job = ingest_uploaded_alerts.submit(
            user=self.request.user,
            title=title[:200],
            folder=keep_uploads(files),
            user_id=self.request.user.pk,
            permissions=form.cleaned_data["permissions"],
            group_ids=[group.pk for group in form.cleaned_data.get("groups") or ()],
            list_name=form.cleaned_data["list_name"],
            all_cutouts=form.cleaned_data["all_cutouts"],
            dry_run=form.cleaned_data["dry_run"],
            on_near=form.cleaned_data["on_near"] or "create",
        )
        self.success_url = job.get_absolute_url()
        messages.info(
            self.request, "The alerts are ingested in the background; this page shows how far it is."
        )
        return super().form_valid(form)


class RejectedPacketListView(LoginRequiredMixin, ListView):
    """Packets of one's own uploads that could not be read; superusers see all."""

    template_name = "tom_alerts/rejected.html"
    paginate_by = 50
    context_object_name = "packets"

    def get_queryset(self) -> Any:
        """Return the packets the user may see, newest first, without their bytes."""
        return rejected_packets_for_user(self.request.user, RejectedPacket.objects.all()).defer("content")


def rejected_packet_content(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out the bytes of a packet that could not be read."""
    packet = get_object_or_404(rejected_packets_for_user(request.user, RejectedPacket.objects.all()), pk=pk)
    response = HttpResponse(bytes(packet.content), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="rejected-{packet.pk}.avro"'
    return response
