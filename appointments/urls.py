"""Asking for a visit, and seeing what became of it."""

from django.urls import path

from . import choose_views, status_views, views
from .messages.views import text_received

app_name = "appointments"

urlpatterns = [
    path("visit/", views.ask, name="ask"),
    path("visit/sent/", views.sent, name="sent"),
    path("visit/sent/summary/", views.sent_summary, name="sent_summary"),
    # The private link to choose one of the times that staff offered.
    path("visit/choose/<str:token>/", choose_views.choose, name="choose"),
    path("texts/", text_received, name="text_received"),
    path("visit/<slug:key>/", views.step, name="step"),
    # The patient's own request, opened with its reference and a date of birth.
    path("status/", status_views.look_up, name="status"),
    path("status/yours/", status_views.yours, name="yours"),
    path("status/yours/phone/", status_views.phone, name="correct_phone"),
    path("status/yours/times/", status_views.call_times, name="change_call_times"),
    path("status/yours/withdraw/", status_views.withdraw, name="withdraw"),
    path("status/yours/visit.ics", status_views.visit_file, name="visit_file"),
    path("status/yours/summary/", status_views.summary, name="status_summary"),
    path("status/leave/", status_views.leave, name="leave_status"),
]
