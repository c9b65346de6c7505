"""Writes down what Django and other parts tell by signals: sign-ins, and changes of the tables in the admin."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model, signals
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_migrate, post_save
from django.http import HttpRequest
from django.utils.module_loading import import_string

from . import chain
from .models import AuditEntry
from .recorder import Action, Result, Who, record


def connect(app_config: AppConfig, tables: Iterable[type[Model]]) -> None:
    """`tables` are those that staff keep in the admin, beside accounts and groups."""
    post_migrate.connect(_begin, sender=app_config, dispatch_uid="audit")
    signals.user_logged_in.connect(_signed_in, dispatch_uid="audit")
    signals.user_logged_out.connect(_signed_out, dispatch_uid="audit")
    signals.user_login_failed.connect(_sign_in_failed, dispatch_uid="audit")
    post_save.connect(_table_changed, sender=LogEntry, dispatch_uid="audit")
    for model in (get_user_model(), Group):
        post_save.connect(_account_changed, sender=model, dispatch_uid="audit")
    for through in (
        get_user_model().groups.through,
        get_user_model().user_permissions.through,
        Group.permissions.through,
    ):
        m2m_changed.connect(_rights_changed, sender=through, dispatch_uid="audit")
    # Several that are deleted at once the admin logs without a signal, so what counts is that they go.
    watched: list[type[Model]] = [get_user_model(), Group, *tables]
    for table in watched:
        post_delete.connect(_deleted, sender=table, dispatch_uid="audit")
    for path, action, outcome in settings.AUDITED_SIGNALS:
        name = path.rpartition(".")[2].replace("_", " ")
        listener = partial(_told, action=Action(action), outcome=Result(outcome), details=name)
        import_string(path).connect(listener, weak=False, dispatch_uid=f"audit {path}")


def _begin(sender: object, using: str, **kwargs: object) -> None:
    if using == "default":
        chain.begin()


def _signed_in(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    provider = getattr(request, "signed_in_at", "")
    record(Action.SIGN_IN, by=user, details=f"at {provider}" if provider else "")


def _signed_out(sender: object, request: HttpRequest, user: User | None, **kwargs: object) -> None:
    if user is not None:
        record(Action.SIGN_OUT, by=user)


def _sign_in_failed(
    sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: object
) -> None:
    # Of a try that was refused unread, because it is locked, another signal tells.
    if not getattr(request, "axes_locked_out", False):
        typed = str(credentials.get(get_user_model().USERNAME_FIELD) or credentials.get("username") or "")
        record(Action.SIGN_IN_FAILED, who=Who.NOBODY, outcome=Result.REFUSED, username=_account_named(typed))


def _told(
    sender: object,
    action: AuditEntry.Action,
    outcome: AuditEntry.Result,
    details: str,
    user: User | None = None,
    username: str = "",
    by: User | None = None,
    request: HttpRequest | None = None,
    at: str = "",
    **kwargs: object,
) -> None:
    if at:
        details = f"{details}: {at}"
    if by is None and request is None and user is not None:
        # A command did it, and not whom it was done to.
        record(action, who=Who.SYSTEM, outcome=outcome, details=f"{details} of user {user.pk}")
        return
    if by is not None and user is not None and by != user:
        details = f"{details} of user {user.pk}"
    # Without an account the action says all there is to say.
    tried, details = ("", details) if user else (_account_named(username or ""), "")
    record(action, by=by or user, who=Who.NOBODY, outcome=outcome, username=tried, details=details)


def _account_named(typed: str) -> str:
    """What was typed if that is an account; else nobody may read it, because it may be a password."""
    is_account = typed and "\0" not in typed and get_user_model().objects.filter(username=typed).exists()
    return typed if is_account else ""


def _table_changed(sender: object, instance: LogEntry, created: bool, **kwargs: object) -> None:
    """What the admin logs, except accounts and deletions, which tell of themselves; not what it says."""
    kind = instance.content_type
    model = kind.model_class() if kind else None
    if created and instance.action_flag != DELETION and model not in (get_user_model(), Group):
        verb = "changed" if instance.action_flag == CHANGE else "added"
        record(
            Action.CHANGE, by=instance.user, details=f"{kind.model if kind else 'row'} {instance.object_id} {verb}"
        )


def _account_changed(
    sender: object,
    instance: Model,
    created: bool,
    raw: bool = False,
    update_fields: Iterable[str] | None = None,
    **kwargs: object,
) -> None:
    if not raw and set(update_fields or ()) != {"last_login"}:
        _record_row(instance, "added" if created else "changed")


def _rights_changed(
    sender: type[Model], instance: Model, action: str, pk_set: set[int] | None, **kwargs: object
) -> None:
    if action == "post_clear" or (action in ("post_add", "post_remove") and pk_set):
        which = " ".join(map(str, sorted(pk_set or ())))
        _record_row(instance, f"{sender._meta.model_name} {action.removeprefix('post_')} {which}".strip())


def _deleted(sender: object, instance: Model, **kwargs: object) -> None:
    _record_row(instance, "deleted")


def _record_row(row: Model, what: str) -> None:
    record(Action.CHANGE, details=f"{row._meta.model_name} {row.pk} {what}")
