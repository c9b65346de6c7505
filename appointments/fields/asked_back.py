"""What is most likely a slip is asked back once: whoever sends it again says that it is right."""

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise

from common.strict_form import StrictForm


class AskedField(forms.CharField):
    """Hidden beside the field NAME, as NAME_asked: the value about which was asked."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput, required=False, max_length=254)


def ask_back(form: StrictForm, name: str, value: str, words: Promise | str) -> None:
    """To be called by `clean`. Nothing is asked twice about the same value."""
    if value != form.cleaned_data.get(f"{name}_asked"):
        form.add_error(name, str(words))
        sent = QueryDict(mutable=True)
        sent.update(form.data)
        sent[f"{name}_asked"] = value
        form.data = sent
