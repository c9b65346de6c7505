"""The groups that staff are put in, each with the least that its work needs."""

from django.apps import AppConfig
from django.apps import apps as django_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db.models.signals import post_migrate

SEE = "appointments.view_appointmentrequest"
WORK = "appointments.change_appointmentrequest"
TAKE = "appointments.take_request"
ANSWER_AS_NURSE = "appointments.answer_as_nurse"
MANAGE = "appointments.manage_queue"
ERASE = "appointments.erase_request"
AUDIT = "appointments.view_auditentry"
SEE_SIGN_OFFS = "appointments.view_signoff"
RECORD_SIGN_OFF = "appointments.add_signoff"

# A change of these is a new row, and the old ones are their history.
ADDED_BY_MANAGERS = ("clinicdetails", "clinicnotices")

# Of those with no more than ROLES_GIVEN_BY_MANAGERS; see accounts/admin.py.
KEEP_ACCOUNTS = ("auth.view_user", "auth.add_user", "auth.change_user")

KEPT_BY_MANAGERS = (
    "clinician",
    "place",
    "openinghours",
    "placehours",
    "holiday",
    "consultinghours",
    "extrahours",
    "absence",
    "visitkind",
    "caller",
    "knownnetwork",
    "referralsource",
    "languagehelp",
)

PERMISSIONS = {
    "Schedulers": (SEE, WORK, TAKE, SEE_SIGN_OFFS),
    "Nurses": (SEE, TAKE, ANSWER_AS_NURSE, SEE_SIGN_OFFS),
    "Managers": (
        SEE,
        WORK,
        TAKE,
        MANAGE,
        ERASE,
        SEE_SIGN_OFFS,
        RECORD_SIGN_OFF,
        *KEEP_ACCOUNTS,
        *(f"appointments.{action}_{model}" for model in ADDED_BY_MANAGERS for action in ("view", "add")),
        *(
            f"appointments.{action}_{model}"
            for model in KEPT_BY_MANAGERS
            for action in ("view", "add", "change", "delete")
        ),
    ),
    # What was done, and nothing of the patients.
    "Auditors": ("appointments.view_event", "appointments.view_contactattempt", AUDIT, SEE_SIGN_OFFS),
}


def connect(app_config: AppConfig) -> None:
    """After each migration the groups are there, with exactly these permissions; who is in them stays as it was."""
    post_migrate.connect(_bring_up_to_date, sender=app_config, dispatch_uid="roles")


def _bring_up_to_date(sender: AppConfig, *, using: str, apps: Apps = django_apps, **kwargs: object) -> None:
    try:
        group_model, permission_model = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:
        # The auth tables are gone when migrating backwards.
        return
    # Django makes them after the same signal, and perhaps later than this.
    for config in (sender, django_apps.get_app_config("auth")):
        create_permissions(config, using=using, apps=apps, verbosity=0)
    known = permission_model.objects.using(using).filter(content_type__app_label__in=(sender.label, "auth"))
    by_name = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in known.select_related("content_type")
    }
    for name, permissions in PERMISSIONS.items():
        group, _ = group_model.objects.using(using).get_or_create(name=name)
        # Some are not known yet when only the first migrations are run.
        group.permissions.set(by_name[one] for one in permissions if one in by_name)
