"""Asking for a visit."""

from django.urls import path

from . import views

app_name = "appointments"

urlpatterns = [
    path("", views.ask, name="ask"),
    path("sent/", views.sent, name="sent"),
    path("<slug:key>/", views.step, name="step"),
]
