"""What others would write for the same: small, honest, under the same settings, with the same fields and database."""

import uuid

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from formtools.wizard.views import CookieWizardView, SessionWizardView

from appointments import reference
from appointments.models import AppointmentRequest
from config.urls import *  # noqa: F403
from config.urls import urlpatterns as ours
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.journey import Journey
from tests.walk import TEXTBOOK

PAGE = "bench/page.html"
TYPED = ["name", "date_of_birth", "phone", "email", "language", "time_zone", "priority", "outcome"]


def plain_form(page) -> type[forms.Form]:
    """The fields of a page of the check."""
    fields: dict[str, forms.Field] = {}
    for question in page.questions:
        choices = [(option.value, option.label) for option in getattr(question, "options", ())]
        several = isinstance(TEXTBOOK.get(question.key), list | tuple)
        if not choices:
            fields[question.key] = forms.CharField(label=question.text, required=False)
        elif several:
            box = forms.CheckboxSelectMultiple
            fields[question.key] = forms.MultipleChoiceField(
                label=question.text, choices=choices, widget=box, required=False
            )
        else:
            fields[question.key] = forms.ChoiceField(
                label=question.text, choices=choices, widget=forms.RadioSelect, required=False
            )
    return type("PlainForm", (forms.Form,), fields)


# Those that are shown to who answers as TEXTBOOK.
PAGES = [page for page in PATHWAY.pages if any(question.key in TEXTBOOK for question in page.questions)]
FORMS = {page.key: plain_form(page) for page in PAGES}


def by_hand(request: HttpRequest, key: str) -> HttpResponse:
    form = FORMS[key](request.POST or None)
    return redirect(request.path) if form.is_valid() else render(request, "bench/by_hand.html", {"form": form})


class _Ends:
    template_name = PAGE

    def done(self, form_list, **kwargs) -> HttpResponse:
        answers = {name: value for form in form_list for name, value in form.cleaned_data.items()}
        return HttpResponse(str(Journey(PATHWAY, answers).is_complete))


class SessionPages(_Ends, SessionWizardView):
    pass


class CookiePages(_Ends, CookieWizardView):
    pass


class PlainRequest(forms.ModelForm):
    class Meta:
        model = AppointmentRequest
        fields = TYPED


def one_insert(request: HttpRequest) -> HttpResponse:
    """What is not typed is as in the first that was stored."""
    like = AppointmentRequest.objects.order_by("pk").first()
    like.pk, like.journey, like.reference, like._state.adding = None, uuid.uuid4(), reference.new(), True
    form = PlainRequest(request.POST, instance=like)
    form.save()
    return redirect("/")


urlpatterns = [
    path("bench/page/<slug:key>/", by_hand),
    path("bench/session/", SessionPages.as_view([*FORMS.items()])),
    path("bench/cookie/", CookiePages.as_view([*FORMS.items()])),
    path("bench/insert/", one_insert),
    *ours,
]
