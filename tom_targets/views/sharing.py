"""Pages that share a target or a list with another TOM, once or from now on."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.generic import FormView, TemplateView, View

from tom_targets import persistent_shares
from tom_targets.forms import PersistentShareForm, TargetListShareForm, TargetShareForm
from tom_targets.models import PersistentShare, Target, TargetList
from tom_targets.permissions import target_lists_for_user, targets_for_user
from tom_targets.sharing_port import sharing_gateway
from tom_targets.views.mixins import LoginMixin, TargetActionMixin


class TargetShareView(TargetActionMixin, FormView):
    """Choose what of a target goes where; a dry run comes first."""

    template_name = "tom_targets/target_share.html"
    form_class = TargetShareForm

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            target=self.target, destinations=sharing_gateway().destinations(), **kwargs
        )

    def form_valid(self, form):
        lists = target_lists_for_user(self.request.user, TargetList.objects.filter(targets=self.target.pk))
        report_url = sharing_gateway().start(
            user=self.request.user,
            destination=form.cleaned_data["share_destination"],
            targets=[self.target],
            parts=form.cleaned_data["parts"],
            list_names=list(lists.order_by("name").values_list("name", flat=True)),
            overwrite=form.cleaned_data["overwrite"],
            dry_run=True,
        )
        return redirect(report_url)


class TargetGroupingShareView(LoginMixin, FormView):
    """The same for all targets of a list that the user may change."""

    template_name = "tom_targets/target_group_share.html"
    form_class = TargetListShareForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            lists = target_lists_for_user(request.user, TargetList.objects.filter(pk=kwargs["pk"]))
            self.target_list = lists.first()
            if self.target_list is None:
                raise Http404("There is no such list, or you may not see it.")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        on_list = Target._default_manager.filter(targetlist=self.target_list)
        return super().get_context_data(
            target_list=self.target_list,
            target_count=targets_for_user(self.request.user, on_list, "view_target").count(),
            allowed_count=targets_for_user(self.request.user, on_list, "change_target").count(),
            destinations=sharing_gateway().destinations(),
            **kwargs,
        )

    def form_valid(self, form):
        report_url = sharing_gateway().start(
            user=self.request.user,
            destination=form.cleaned_data["share_destination"],
            target_list=self.target_list,
            parts=form.cleaned_data["parts"],
            list_names=[self.target_list.name],
            overwrite=form.cleaned_data["overwrite"],
            dry_run=True,
        )
        return redirect(report_url)


class PersistentShareManageFormView(LoginMixin, TemplateView):
    """What is shared from now on, of all targets that the user may change."""

    template_name = "tom_targets/target_manage_persistent_shares.html"

    def get_context_data(self, **kwargs):
        shares = persistent_shares.listed_shares(self.request.user)
        return super().get_context_data(
            target=None, shares=shares, destinations=sharing_gateway().destinations(), **kwargs
        )


class TargetPersistentShareManageFormView(TargetActionMixin, FormView):
    """What is shared from now on of one target; a form adds another TOM."""

    template_name = "tom_targets/target_manage_persistent_shares.html"
    form_class = PersistentShareForm

    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **{**kwargs, "pk": kwargs["target_pk"]})

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "target": self.target}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            target=self.target,
            shares=persistent_shares.listed_shares(self.request.user, self.target),
            destinations=sharing_gateway().destinations(),
            **kwargs,
        )

    def form_valid(self, form):
        persistent_shares.make_share(
            target=self.target,
            destination=form.cleaned_data["destination"],
            user=self.request.user,
            existing=form.cleaned_data["share_existing_data"],
        )
        label = sharing_gateway().label_of(form.cleaned_data["destination"])
        messages.success(self.request, f"New data of {self.target.name} go to {label} from now on.")
        return redirect("targets:target-persistent-share-manage-form", target_pk=self.target.pk)


class PersistentShareManageTable(LoginMixin, View):
    """The table alone."""

    def get(self, request):
        shares = persistent_shares.listed_shares(request.user)
        return render(
            request, "tom_targets/partials/persistent_share_table.html", {"shares": shares, "target": None}
        )


class TargetPersistentShareManageTable(TargetActionMixin, View):
    """The table of one target alone."""

    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **{**kwargs, "pk": kwargs["target_pk"]})

    def get(self, request, **kwargs):
        shares = persistent_shares.listed_shares(request.user, self.target)
        return render(
            request,
            "tom_targets/partials/persistent_share_table.html",
            {"shares": shares, "target": self.target},
        )


class _OneShareView(LoginMixin, View):
    """Does something with one persistent share of a target that the user may change."""

    http_method_names = ("post",)

    def get_share(self, pk):
        mine = persistent_shares.shares_for_user(
            self.request.user, PersistentShare.objects.select_related("target", "user")
        )
        return get_object_or_404(mine, pk=pk)

    def back(self, share):
        if self.request.POST.get("of_target"):
            return redirect(reverse("targets:target-persistent-share-manage-form", args=[share.target_id]))
        return redirect("targets:persistent-share-manage-form")


class PersistentShareEndView(_OneShareView):
    def post(self, request, pk):
        share = self.get_share(pk)
        label = sharing_gateway().label_of(share.destination)
        share.delete()
        messages.success(
            request, f"{share.target.name} is no longer shared with {label}; what was sent stays there."
        )
        return self.back(share)


class PersistentShareRetryView(_OneShareView):
    def post(self, request, pk):
        share = self.get_share(pk)
        sharing_gateway().retry(share)
        messages.success(request, f"Data of {share.target.name} are being sent again.")
        return self.back(share)
