"""What is typed to sign in, and to let others sign in."""

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from . import first_passwords
from .second_factor import six_digits


class SignInForm(AdminAuthenticationForm):
    def confirm_login_allowed(self, user: User) -> None:
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            # To Django the password was right; to us this is a failure like others, and counted like others.
            credentials = {"username": user.get_username()}
            user_login_failed.send(__name__, credentials=credentials, request=self.request)
            raise


class PasswordOfAnotherForm(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> User:
        with transaction.atomic():
            user = super().save(commit)
            first_passwords.given(user)
        return user


class OneOfAKindForm(forms.ModelForm):
    """Refuses a username that differs from another only in small and capital letters. One that there is may stay."""

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        others = User.objects.exclude(pk=self.instance.pk)
        if "username" in self.changed_data and others.filter(username__iexact=username).exists():
            raise ValidationError(
                "Another account has this username, perhaps in other small and capital letters. Take another one."
            )
        return username


class NewAccountForm(OneOfAKindForm, AdminUserCreationForm):
    pass


class AccountForm(OneOfAKindForm, UserChangeForm):
    pass


class RolesField(forms.ModelMultipleChoiceField):
    """What somebody does, in words: a tick for each group."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, groups: QuerySet[Group], *, required: bool) -> None:
        super().__init__(
            groups,
            required=required,
            label="What they do",
            help_text="Without any of these they may sign in to nothing.",
            error_messages={"required": "Choose what they do."},
        )

    def label_from_instance(self, group: Group) -> str:
        return settings.ROLES.get(group.name, group.name)


class AppCodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        help_text="The six digits that the app shows now.",
        max_length=20,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )

    def clean_code(self) -> str:
        code = six_digits(self.cleaned_data["code"])
        if not code:
            raise ValidationError("Enter six digits.")
        return code


class RecoveryCodeForm(forms.Form):
    code = forms.CharField(
        label="Recovery code",
        help_text="One of the codes you kept, like ABCD-EFGH-IJKL-MNOP.",
        max_length=40,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "autofocus": True}),
    )


class AnyCodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        help_text="The six digits that the app shows now, or one of your recovery codes.",
        max_length=40,
        widget=forms.TextInput({"autocomplete": "one-time-code", "autocapitalize": "characters", "autofocus": True}),
    )
