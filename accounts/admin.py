"""Accounts as tables: the second factor can be reset here, and its secret is shown nowhere."""

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django_otp.plugins.otp_totp.models import TOTPDevice

from . import second_factor

User = get_user_model()
admin.site.unregister(TOTPDevice)
admin.site.unregister(User)


@admin.register(User)
class StaffUserAdmin(UserAdmin):
    list_display = ("username", "first_name", "last_name", "is_staff", "is_active", "has_second_factor")
    actions = ("reset_second_factor",)

    @admin.display(description="second factor", boolean=True)
    def has_second_factor(self, user) -> bool:
        return second_factor.app_of(user) is not None

    @admin.action(description="Reset the second factor (lost phone); ends their sessions", permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, users) -> None:
        for user in users:
            second_factor.reset(user, by=request.user, request=request)
            self.log_change(request, user, "Reset the second factor.")
        messages.success(request, f"Reset for {len(users)}. They set up a new one when they sign in next.")
