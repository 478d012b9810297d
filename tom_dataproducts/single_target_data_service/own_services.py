"""Asks a service of the project's own, which keeps to the published interface, in a job.

Its one method, ``query_service``, may do anything and is called once a try, again where it raises `RunAgain`:
where it ended with its process nobody knows whether the service was asked, so that its user decides about
asking again.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any

from django import forms
from django.db.models import Max
from django.http import QueryDict
from django.utils import timezone

from tom_common.job_context import InputRefused, JobCancelled, JobTimedOut, RunAgain, current_job
from tom_common.remote import RemoteError, reported
from tom_dataproducts.models import DataProduct, ServiceQuery
from tom_dataproducts.single_target_data_service import running
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    BaseSingleTargetDataService,
    SingleTargetDataServiceException,
    get_service_class,
)

logger = logging.getLogger(__name__)
State = ServiceQuery.State
_INTERRUPTED = (
    "The process ended while {label} was being asked, and whether it was asked is not known. See whether its"
    " file has come; Try again asks once more."
)


def needs_the_page(service: BaseSingleTargetDataService, form: forms.Form) -> bool:
    """Tell whether a query can be made by the page only: it takes files or a password, or its class says so.

    Files go with their request, and passwords are not to be stored.
    """
    secret = any(isinstance(field.widget, forms.PasswordInput) for field in form.fields.values())
    return bool(service.runs_in_page or form.is_multipart() or secret)


def shown_values(form: forms.Form) -> dict[str, str]:
    """Return what a user said in a form, by its labels, without what is empty."""
    shown = {}
    for name, value in form.cleaned_data.items():
        if name in ("service", "target_id") or name not in form.fields or value in (None, "", [], ()):
            continue
        label = str(form[name].label)
        shown[label] = ("yes" if value else "no") if isinstance(value, bool) else str(value)[:200]
    return shown


def ask(query: ServiceQuery) -> dict[str, Any]:
    """Let a service ask what its query says, and keep how that ended.

    Returns
    -------
    dict
        What came out, for the page of the job.

    Raises
    ------
    InputRefused
        If the query has failed.
    JobCancelled
        If somebody has ended it.
    """
    if query.state in (State.DONE, State.EMPTY):
        return running.outcome(query)
    label = query.service
    if not query.is_open:
        running.open_again(query)
    elif query.state == State.RUNNING:
        running.fail(query, _INTERRUPTED.format(label=label), is_over=True)
    current_job().check_cancelled()
    try:
        service = get_service_class(query.service)()
    except ImportError as error:
        running.fail(query, str(error), is_over=True)
    service.user = query.user
    form = service.get_form()(QueryDict(query.parameters["form"]))
    if not form.is_valid():
        running.fail(query, _errors_of(form), is_over=True)
    newest = DataProduct.objects.aggregate(newest=Max("pk"))["newest"] or 0
    running.write(query, state=State.RUNNING, started=timezone.now(), message=f"{label} is being asked.")
    current_job().log(f"{label} is asked.")
    _ask_once(query, service, form.cleaned_data)
    product = _product_since(query, newest)
    message = str(service.get_success_message())[:300]
    running.finish(query, State.DONE, product=product, message=message)
    current_job().log(message if product is None else f"{message} Stored: {product.get_file_name()}.")
    return running.outcome(query)


def _ask_once(query: ServiceQuery, service: Any, cleaned: dict[str, Any]) -> None:
    """Call the one method, and let the query fail with a sentence whatever it raises."""
    try:
        with reported(query.service):
            service.query_service(cleaned)
    except (SingleTargetDataServiceException, RemoteError) as error:
        running.fail(query, str(error) or f"{query.service} refused, and gave no reason.", is_over=True)
    except JobTimedOut:
        running.fail(query, f"{query.service} took too long: it was given up.", is_over=True)
    except RunAgain as later:  # it waits for another machine, and is asked again as if for the first time
        running.write(query, state=State.SUBMITTED, message=later.message[:300])
        raise
    except (InputRefused, JobCancelled):
        raise
    except Exception as error:  # the class is not ours: whatever it does, its query has to end
        logger.exception("data service %s: query %s failed", query.service, query.pk)
        current_job().log(traceback.format_exc())
        text = f"The class of {query.service} failed: {type(error).__name__}: {error}"
        running.fail(query, f"{text} Tell who looks after this TOM; the log says where.", is_over=True)


def _product_since(query: ServiceQuery, newest: int) -> DataProduct | None:
    rows = DataProduct.objects.filter(pk__gt=newest, target=query.target_id)
    return rows.filter(data_product_type=query.product_type).order_by("pk").first()


def _errors_of(form: forms.Form) -> str:
    return "; ".join(
        f"{form[name].label}: {' '.join(map(str, texts))}"
        if name in form.fields
        else " ".join(map(str, texts))
        for name, texts in form.errors.items()
    )
