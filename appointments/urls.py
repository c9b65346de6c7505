"""Asking for a visit, and seeing what became of it; for the clinic, its booked visits in other programs."""

from django.urls import path

from .delivery.webhook import mail_events, text_received, text_status
from .intake import views as intake
from .portal import choose, lost_reference
from .portal import views as portal
from .staff import calendar_feeds

app_name = "appointments"

urlpatterns = [
    path("visit/", intake.ask, name="ask"),
    path("visit/sent/", intake.sent, name="sent"),
    path("visit/sent/summary/", intake.sent_summary, name="sent_summary"),
    # The private link to choose one of the times that staff offered.
    path("visit/choose/<str:token>/", choose.choose_by_link, name="choose"),
    path("texts/", text_received, name="text_received"),
    path("texts/<uuid:message>/", text_status, name="text_status"),
    path("mail-events/", mail_events, name="mail_events"),
    path("visit/<slug:key>/", intake.step, name="step"),
    # The patient's own request, opened with its reference and a date of birth.
    path("status/", portal.look_up, name="status"),
    path("status/reference/", lost_reference.lost_reference, name="lost_reference"),
    path("status/yours/", portal.yours, name="yours"),
    path("status/yours/phone/", portal.phone, name="correct_phone"),
    path("status/yours/first/", portal.call_first, name="call_first"),
    path("status/yours/times/", portal.call_times, name="change_call_times"),
    path("status/yours/choose/", choose.choose, name="choose_time"),
    path("status/yours/withdraw/", portal.withdraw, name="withdraw"),
    path("status/yours/visit.ics", portal.visit_file, name="visit_file"),
    path("status/yours/summary/", portal.summary, name="status_summary"),
    path("status/leave/", portal.leave, name="leave_status"),
    # The private address by which a calendar program reads the booked visits.
    path("calendar/<str:token>.ics", calendar_feeds.feed, name="calendar_feed"),
]
