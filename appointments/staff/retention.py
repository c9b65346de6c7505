"""What is kept no longer and would be more than usual: a manager looks before it goes."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from accounts.views import after_a_fresh_code
from common.strict_form import StrictForm

from ..fields import validate_year
from ..operations import retention
from ..roles import MANAGE
from .pages import needs, staff_page


class LetGoForm(StrictForm):
    """`until` as it was shown, so that nothing goes that was not."""

    setting = forms.ChoiceField(choices=[(rule.setting, rule.label) for rule in retention.RULES])
    until = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"], validators=[validate_year])


@require_http_methods(["GET", "HEAD", "POST"])
@needs(MANAGE)
@after_a_fresh_code
def page(request: StaffRequest) -> HttpResponse:
    audit.shows(request)
    if request.method == "POST":
        form = LetGoForm(request.POST)
        if not form.is_valid():
            messages.error(request, "This is not what was shown. Look again.")
            return redirect("admin:retention")
        count = retention.let_go(form.cleaned_data["setting"], form.cleaned_data["until"], by=request.user)
        messages.success(request, f"Workers delete {count} record{'' if count == 1 else 's'} within the hour.")
        return redirect("admin:retention")
    return staff_page(
        request,
        "retention.html",
        title="Retention",
        held=[(one, f"{one.until:%Y-%m-%dT%H:%M:%S.%f%z}") for one in retention.held()],
        rules=retention.RULES,
        now=timezone.now(),
    )
