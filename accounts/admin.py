"""Accounts as tables: the second factor can be reset here, and its secret is shown nowhere.

Whoever may change accounts without being a superuser gives nobody rights, and does not touch superusers.
"""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django_otp.plugins.otp_totp.models import TOTPDevice

from . import first_passwords, second_factor, views
from .forms import PasswordOfAnotherForm
from .requests import StaffRequest

admin.site.unregister(TOTPDevice)
admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class StaffUserAdmin(UserAdmin):
    list_display = ("username", "first_name", "last_name", "is_staff", "is_active", "has_second_factor")
    actions = ("reset_second_factor",)
    change_password_form = PasswordOfAnotherForm

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        accounts = super().get_queryset(request)
        return accounts if request.user.is_superuser else accounts.filter(is_superuser=False)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        rights = () if request.user.is_superuser else ("is_superuser", "groups", "user_permissions")
        return (*super().get_readonly_fields(request, obj), *rights)

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
    def reset_second_factor(self, request: StaffRequest, users: QuerySet[User]) -> HttpResponse | None:
        if not second_factor.is_fresh(request):
            return views.to_confirm(request)
        for user in users:
            second_factor.reset(user, by=request.user, request=request)
            self.log_change(request, user, "Reset the second factor.")
        messages.success(request, f"Reset for {len(users)}. They set up a new one when they sign in next.")
        return None


@admin.register(Group)
class RolesAdmin(GroupAdmin):
    """What a group may do is what its members may do, so that it is nobody else's to change."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser

    has_add_permission = has_module_permission
    has_change_permission = has_delete_permission = has_view_permission
