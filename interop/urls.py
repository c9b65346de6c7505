"""Where programs read the questions, and staff take a case along."""

from django.contrib import admin
from django.urls import path

from . import views

app_name = "fhir"

urlpatterns = [
    path("fhir/jwks.json", views.jwks, name="jwks"),
    path("fhir/metadata", views.metadata, name="metadata"),
    path("fhir/Questionnaire", views.questionnaires, name="questionnaires"),
    path("fhir/Questionnaire/<str:key>", views.questionnaire, name="questionnaire"),
    path("fhir/QuestionnaireResponse", views.questionnaire_response, name="questionnaire_response"),
    path("admin/requests/<int:pk>/fhir/", admin.site.admin_view(views.bundle), name="bundle"),
    path("admin/requests/<int:pk>/record/", admin.site.admin_view(views.record), name="record"),
]
