"""What is most likely a slip is asked back once: whoever sends it again says that it is right."""

from django import forms

from common.strict_form import StrictForm


class AskedField(forms.CharField):
    """Hidden beside the field NAME, as NAME_asked: the value about which was asked."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput, required=False, max_length=254)


def ask_back(form: StrictForm, name: str, value: str, words: str) -> None:
    """To be called by `clean`. Nothing is asked twice about the same value."""
    if value != form.cleaned_data.get(f"{name}_asked"):
        form.add_error(name, words)
        form.data = form.data.copy()  # type: ignore[union-attr]  # a form that was sent
        form.data[f"{name}_asked"] = value
