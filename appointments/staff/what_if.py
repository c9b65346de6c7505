"""What if: where answers would lead, and why. Nothing of it is stored, and nobody is named."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.utils import translation
from django.views.decorators.http import require_http_methods

import audit
from accounts.requests import StaffRequest
from common.languages import LANGUAGES
from common.strict_form import StrictForm
from screening.cases import MOST_BYTES, Judged, judge, read
from screening.own_cases import own_sheet
from screening.questionnaire.assessment import Emergency, Paragraph
from screening.questionnaire.conditions import Answers, Condition
from screening.questionnaire.definition import Pathway
from screening.questionnaire.explanation import Ending, in_words
from screening.questionnaire.questions import InvalidAnswer, Question, Text
from screening.wording import can_be_said, say, say_line

from ..roles import SEE
from .pages import needs, pathway_asked_for, staff_page


def questions_that_matter(pathway: Pathway) -> list[Question]:
    """Those of the check, and those that come with a visit request as far as something is decided by them."""
    decided = [*(flag.when for flag in pathway.flags), *(priority.when for priority in pathway.priorities)]
    read_by = frozenset[str]().union(*(condition.about for condition in decided))
    return [*pathway.questions, *(question for question in pathway.visit_questions if question.key in read_by)]


class WhatIfForm(StrictForm):
    """All questions at once, each of which may be left open."""

    def __init__(self, pathway: Pathway, data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")
        self.questions = {question.key: question for question in questions_that_matter(pathway)}
        for key, question in self.questions.items():
            choices = [(option.value, say(option.label)) for option in question.options]
            quiet = "; ".join(question.in_words({key: question.quiet_answer}, say))
            not_said = f"Not said, so: {quiet}" if question in pathway.questions else "Not said"
            if isinstance(question, Text):
                self.fields[key] = forms.CharField(max_length=question.longest)
            elif question.takes_several:
                self.fields[key] = forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple)
            else:
                self.fields[key] = forms.ChoiceField(choices=[("", not_said), *choices])
            self.fields[key].label = say(question.name)
            self.fields[key].required = False

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        for key, question in self.questions.items():
            if answer := entered.get(key):
                try:
                    entered[key] = question.parse([answer] if isinstance(answer, str) else answer)
                except InvalidAnswer as problem:
                    self.add_error(key, say(str(problem)))
        return entered

    def answers(self, questions: tuple[Question, ...]) -> Answers:
        said: Mapping[str, Any] = self.cleaned_data
        return {question.key: said[question.key] for question in questions if said.get(question.key)}


class SheetForm(StrictForm):
    # What is pasted from a spreadsheet can begin with an empty cell.
    sheet = forms.CharField(
        label="The sheet",
        strip=False,
        max_length=MOST_BYTES,
        widget=forms.Textarea({"rows": 12, "spellcheck": "false"}),
        error_messages={"required": "Paste a sheet with at least one case."},
    )


@needs(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: StaffRequest) -> HttpResponse:
    audit.shows(request)
    pathway = pathway_asked_for(request)
    form, sheet_form = WhatIfForm(pathway), SheetForm(label_suffix="", initial={"sheet": own_sheet(pathway)})
    tried: list[dict[str, Any]] = []
    judged: list[Judged] = []
    problems: tuple[str, ...] = ()
    if "sheet" in request.POST:
        sheet_form = SheetForm(request.POST, label_suffix="")
        if sheet_form.is_valid():
            sheet = read(sheet_form.cleaned_data["sheet"], pathway)
            judged, problems = judge(sheet.cases, pathway), sheet.problems
            tried = [shown(one.ending, one) for one in judged]
    elif request.method == "POST":
        form = WhatIfForm(pathway, request.POST)
        if form.is_valid():
            given, with_visit = form.answers(pathway.questions), form.answers(pathway.visit_questions)
            tried = [shown(Ending(pathway, given, with_visit))]
    wrong = bool(problems or form.errors or sheet_form.errors)
    return staff_page(
        request,
        "what_if.html",
        title=f"{'Error: ' if wrong else ''}What if",
        status=422 if wrong else 200,
        form=form,
        sheet_form=sheet_form,
        pathway=pathway,
        tried=tried,
        is_sheet=bool(judged),
        otherwise=sum(not one.is_as_expected for one in judged),
        problems=problems,
    )


def shown(ending: Ending, judged: Judged | None = None) -> dict[str, Any]:
    assessment, answers = ending.assessment, ending.answers
    number, rules = len(ending.tried), ending.pathway.stops if ending.is_stop else ending.pathway.rules
    return {
        "judged": judged,
        "title": say(assessment.outcome.title),
        "offers_visit": assessment.outcome.offers_visit,
        "priority": ending.priority,
        "flags": [(flag.name(say), say(flag.advice)) for flag in ending.flags],
        "is_stop": ending.is_stop,
        "number": number,
        "of": len(rules),
        "rule": ending.rule.when.prose(say),
        "why": ending.why(say),
        "before": [(rule.when.prose(say), say(rule.outcome.title)) for rule in ending.tried[:-1]],
        "criteria": [
            {
                "title": say(finding.criterion.title),
                "verdict": say(finding.label),
                "key": finding.verdict.value,
                "conditions": [
                    (name, *_judged(condition, answers))
                    for name, condition in (
                        ("Fits", finding.criterion.met_when),
                        ("Does not fit", finding.criterion.not_met_when),
                    )
                ],
            }
            for finding in assessment.findings
        ],
        "terms": [(term.prose(say), (term.definition or term.prose)(say)) for term in ending.terms_that_hold()],
        "answers": [
            (say(question.name), question.in_words(ending.all_answers, say), question.key in ending.quiet)
            for question in (*ending.pathway.questions, *ending.pathway.visit_questions)
            if question.key in ending.all_answers
        ],
        "needless": [say(name) for name in ending.needless],
        "readings": list(_readings(ending)),
    }


def _judged(condition: Condition, answers: Answers) -> tuple[str, str]:
    return condition.prose(say), in_words(condition.holds(answers))


def _readings(ending: Ending) -> Iterator[dict[str, Any]]:
    """What the patient would read, in each language."""
    assessment = ending.assessment
    for language in LANGUAGES:
        with translation.override(language.code):
            yield {
                "code": language.code,
                "language": language.name,
                "heading": say_line(assessment.heading),
                "meaning": say_line(assessment.meaning),
                "body": list(_body(assessment.outcome)) if isinstance(assessment.outcome, Emergency) else [],
                "findings": [
                    (say(one.criterion.title), say(one.label), say_line(one.explanation))
                    for one in assessment.findings
                ],
                "notes": [say_line(line) for line in assessment.notes],
                "next_step": [say_line(line) for line in assessment.next_step],
            }


def _body(outcome: Emergency) -> Iterator[str]:
    for paragraph in outcome.body:
        if can_be_said(paragraph.text):
            yield " ".join(_words(paragraph))


def _words(paragraph: Paragraph) -> Iterator[str]:
    yield from (say(text) for text in (paragraph.lead_in, paragraph.text) if text)
    if paragraph.items:
        yield ", ".join(map(say, paragraph.items))
