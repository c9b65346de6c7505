"""Accounts as tables: the second factor can be reset here, and its secret is shown nowhere.

Whoever may change accounts without being a superuser keeps those with no more than ROLES_GIVEN_BY_MANAGERS, and sees
no others, nor their own. An account without a role may sign in to nothing, so that none can be saved half.
"""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Field, ManyToManyField, QuerySet
from django.forms import ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django_otp.plugins.otp_totp.models import TOTPDevice

from . import first_passwords, second_factor, views
from .forms import AccountForm, NewAccountForm, PasswordOfAnotherForm, RolesField
from .requests import StaffRequest
from .tables import AfterAFreshCode

admin.site.unregister(TOTPDevice)
admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class StaffUserAdmin(AfterAFreshCode, UserAdmin):
    list_display = ("username", "first_name", "last_name", "roles", "is_active", "has_second_factor")
    list_filter = ("is_active", "groups")
    filter_horizontal = ("user_permissions",)
    actions = ("reset_second_factor",)
    form, add_form = AccountForm, NewAccountForm
    change_password_form = PasswordOfAnotherForm
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "groups")}),
        ("The first password, which they change when they sign in", {"fields": ("password1", "password2")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        accounts = super().get_queryset(request).prefetch_related("groups")
        if request.user.is_superuser:
            return accounts
        beyond = Group.objects.exclude(name__in=settings.ROLES_GIVEN_BY_MANAGERS)
        return accounts.filter(is_superuser=False, user_permissions=None).exclude(groups__in=beyond)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        fieldsets = [
            (None, {"fields": ("username", "password", "first_name", "last_name", "groups", "is_active")}),
            ("Known of them", {"fields": self.readonly_fields}),
        ]
        if request.user.is_superuser:
            fieldsets.append(("Beyond the roles", {"fields": ("is_superuser", "user_permissions")}))
        return fieldsets

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField | None:
        if db_field.name != "groups":
            return super().formfield_for_manytomany(db_field, request, **kwargs)
        groups = Group.objects.order_by("pk")
        if not request.user.is_superuser:
            groups = groups.filter(name__in=settings.ROLES_GIVEN_BY_MANAGERS)
        return RolesField(groups, required=not request.user.is_superuser)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "is_active":
            field.label, field.help_text = (
                "May sign in",
                "Without it the account is locked. What they did stays theirs.",
            )
        return field

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        user = form.instance
        User.objects.filter(pk=user.pk).update(is_staff=user.is_superuser or user.groups.exists())

    @admin.display(description="does")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or (
            "Everything" if user.is_superuser else "Nothing"
        )

    @method_decorator(sensitive_post_parameters())
    @method_decorator(views.after_a_fresh_code)
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002  # named by Django
        """Another one's. For one's own there is a page that asks for the old one."""
        if self.has_change_permission(request) and self.get_object(request, unquote(id)) == request.user:
            return redirect("admin:password_change")
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            first_passwords.given(obj)

    @admin.display(description="second factor", boolean=True)
    def has_second_factor(self, user: User) -> bool:
        return second_factor.app_of(user) is not None

    @admin.action(description="Reset the second factor (lost phone); ends their sessions", permissions=["change"])
    def reset_second_factor(self, request: StaffRequest, users: QuerySet[User]) -> None:
        for user in users:
            second_factor.reset(user, by=request.user, request=request)
            self.log_change(request, user, "Reset the second factor.")
        messages.success(request, f"Reset for {len(users)}. They set up a new one when they sign in next.")


@admin.register(Group)
class RolesAdmin(AfterAFreshCode, GroupAdmin):
    """What a group may do is what its members may do, so that it is nobody else's to change."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser

    has_add_permission = has_module_permission
    has_change_permission = has_delete_permission = has_view_permission
