"""Turns questions into form fields. What an answer is, the questions know."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from common.strict_form import StrictForm

from .questionnaire.conditions import Answer
from .questionnaire.journey import Journey
from .questionnaire.questions import InvalidAnswer, Menu, Number, Page, Question, Scale, Text, Year
from .wording import say


class _AllValues:
    """Reads every value that was sent for a field; one too many is the question's to refuse, in its own words."""

    reads_all_values = True

    def value_from_datadict(self, data: Any, files: object, name: str) -> list[str]:
        return data.getlist(name)


class _Radios(_AllValues, forms.RadioSelect):
    pass


class _Boxes(_AllValues, forms.CheckboxSelectMultiple):
    pass


# How each kind of question is asked; one that lists options and is not here, by buttons to press.
WIDGETS = {
    Menu: lambda question, choices: forms.Select(choices=[("", "—"), *choices]),
    Text: lambda question, choices: forms.TextInput({"maxlength": question.longest, "autocomplete": "off"}),
    Year: lambda question, choices: _in_digits(question),
    Number: lambda question, choices: _in_digits(question),
}


def _in_digits(question: Text) -> forms.TextInput:
    return forms.TextInput({"maxlength": question.longest, "inputmode": "numeric", "autocomplete": "off"})


class AnswerField(forms.Field):
    """`is_heading` says that the question is the heading of its page, and so the only one on it."""

    def __init__(self, question: Question, *, is_heading: bool = False) -> None:
        self.question = question
        self.is_heading = is_heading
        self.why = say(question.why)
        self.layout = "scale" if isinstance(question, Scale) else "list"
        buttons = _Boxes if question.takes_several else _Radios
        choices = [(option.value, say(option.label)) for option in question.options]
        asked_by = WIDGETS.get(type(question), lambda question, choices: buttons(choices=choices))
        super().__init__(
            label=say(question.text),
            help_text=say(question.hint) or (_("You can leave this empty.") if question.optional else ""),
            # Missing answers are the question's to refuse, in its own words.
            required=False,
            widget=asked_by(question, choices),
        )

    def clean(self, values: list[str] | str | None) -> Answer:
        try:
            return self.question.parse([values] if isinstance(values, str) else values or [])
        except InvalidAnswer as problem:
            raise forms.ValidationError(self._in_words(problem)) from problem

    def _in_words(self, problem: InvalidAnswer) -> str:
        """Clear wherever it stands, so it names the question where there are several."""
        error = say(str(problem))
        if self.is_heading:
            return error
        return _("{question}: {error}").format(question=say(self.question.name), error=error)


class AnswersForm(StrictForm):
    """Asks the questions of one page, filled in with what was answered before. `cleaned_data` are new answers."""

    def __init__(self, journey: Journey, page: Page, data: QueryDict | None = None) -> None:
        super().__init__(data, initial=dict(journey.relevant_answers), label_suffix="")
        # A tab may show questions that another one has made needless.
        self.several = frozenset(question.key for question in page.questions)
        for question in journey.questions_on(page):
            self.fields[question.key] = AnswerField(question, is_heading=len(page.questions) == 1)
