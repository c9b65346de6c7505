"""The public pages up to the result."""

from django.urls import path

from . import views

app_name = "screening"

urlpatterns = [
    path("", views.education, name="education"),
    path("how-this-check-decides/", views.how_it_decides, name="how_it_decides"),
    path("how-this-check-decides/at-a-glance/", views.rule_at_a_glance, name="rule_at_a_glance"),
    path("components/", views.components, name="components"),
    # The check itself. The keys of pages and emergencies come from the pathway.
    path("check/", views.start, name="start"),
    path("check/start-again/", views.start_again, name="start_again"),
    path("check/answers/", views.answers, name="answers"),
    path("check/result/", views.result, name="result"),
    path("check/summary/", views.summary, name="summary"),
    path("check/<slug:key>/", views.page, name="question"),
]
