"""What changed between two versions of the rules, and which of the cases end otherwise."""

from collections.abc import Iterable

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_safe

import audit
from accounts.requests import StaffRequest
from screening.cases import compare_cases
from screening.own_cases import own_cases
from screening.pathways import versions
from screening.questionnaire.comparison import changes_between, compare
from screening.wording import say

from ..roles import SEE
from .pages import needs, pathway_asked_for, staff_page


class VersionsForm(forms.Form):
    before = forms.ChoiceField(label="From version")
    after = forms.ChoiceField(label="To version")

    def __init__(self, data: dict[str, str], known: Iterable[str]) -> None:
        super().__init__(data, label_suffix="")
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                field.choices = [(version, version) for version in known]


@require_safe
@needs(SEE)
def page(request: StaffRequest) -> HttpResponse:
    audit.shows(request)
    pathway = pathway_asked_for(request)
    known = versions(pathway.key)
    newest = [*known][-2:]
    form = VersionsForm({"before": newest[0], "after": newest[-1], **request.GET.dict()}, known)
    if not form.is_valid():
        return staff_page(request, "versions.html", title="Error: Versions", status=400, form=form, pathway=pathway)
    before, after = (known[form.cleaned_data[name]] for name in ("before", "after"))
    cases = compare_cases(own_cases(pathway), pathway, before, after)
    return staff_page(
        request,
        "versions.html",
        title="Versions",
        form=form,
        pathway=pathway,
        before=before,
        after=after,
        changes=changes_between(before, after),
        parts=compare(before, after, say),
        cases=sorted(cases, key=lambda one: not one.ends_otherwise),
        otherwise=sum(one.ends_otherwise for one in cases),
    )
