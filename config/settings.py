"""All settings. What differs between places comes from the environment; docs/operation.md lists the variables."""

import datetime
from pathlib import Path
from typing import Any

import phonenumbers
from csp.constants import NONE, SELF
from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured

from common import languages
from config import environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent

# ------------------------------------------------------------------------------------------------- Where it runs

# Development is the demo, the tests and work on the code: no secrets needed, plain HTTP, this machine only.
DEVELOPMENT = environment.boolean("UPRIGHT_DEVELOPMENT", False)
DEBUG = DEVELOPMENT and environment.boolean("DEBUG", False)

EXAMPLE_SECRET = "for development only and refused in production"  # noqa: S105  # nosec B105  # and so it is
SECRET_KEY = environment.secret("SECRET_KEY", EXAMPLE_SECRET if DEVELOPMENT else None)
SECRET_KEY_FALLBACKS = environment.secrets("SECRET_KEY_FALLBACKS")
if "," in SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY must have no comma in it, or it could not become a fallback later.")
for name, secrets in (("SECRET_KEY", [SECRET_KEY]), ("SECRET_KEY_FALLBACKS", SECRET_KEY_FALLBACKS)):
    if not DEVELOPMENT and any(secret == EXAMPLE_SECRET or len(secret) < 50 for secret in secrets):
        raise ImproperlyConfigured(f"{name} must be 50 random characters or more, and not an example.")

# Before a clinician and a translator have signed, a release starts only if this says that it is a pilot.
PILOT = environment.boolean("PILOT", False)

ALLOWED_HOSTS = environment.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEVELOPMENT else None)
if "*" in ALLOWED_HOSTS and not DEVELOPMENT:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts, and not let in every one.")

# ---------------------------------------------------------------------------------------------------- The clinic

# These and the calls below are what counts until staff save the clinic's details on their page; see common/clinic.py.
CLINIC_NAME = environment.text("CLINIC_NAME", "Upright Spine Clinic" if DEVELOPMENT else None)
CLINIC_PHONE = environment.text("CLINIC_PHONE", "(212) 555-0100" if DEVELOPMENT else None)
# When somebody answers the phone, in the words of each language; if empty, as the opening hours are.
CLINIC_HOURS = {language.code: environment.text(language.hours_variable, "") for language in languages.LANGUAGES}
# The clinic's colour for links and buttons, on light and on dark pages; both need a contrast of 7 to 1 there.
CLINIC_COLOR = environment.color("CLINIC_COLOR", "#0a4f5c")
CLINIC_COLOR_DARK = environment.color("CLINIC_COLOR_DARK", "#8ddbe3")
EMERGENCY_NUMBER = environment.dialled("EMERGENCY_NUMBER", "911")
# Where phone numbers without a country code are from.
PHONE_REGION = environment.text("PHONE_REGION", "US")
# Whom to call when the clinic is closed, if there is somebody, and when, in the words of each language.
NURSE_LINE = environment.text("NURSE_LINE", "")
NURSE_LINE_HOURS = {
    language.code: environment.text(language.nurse_hours_variable, "") for language in languages.LANGUAGES
}
for name, phone in (("CLINIC_PHONE", CLINIC_PHONE), ("NURSE_LINE", NURSE_LINE)):
    try:
        is_phone = not phone or phonenumbers.is_valid_number(phonenumbers.parse(phone, PHONE_REGION))
    except phonenumbers.NumberParseException:
        is_phone = False
    if not is_phone or PHONE_REGION not in phonenumbers.SUPPORTED_REGIONS:
        raise ImproperlyConfigured(f"{name} must be a phone number in the region PHONE_REGION, like US.")
TIME_ZONE = environment.time_zone("CLINIC_TIME_ZONE", "America/New_York")

# What the members of each group do, in words for whoever makes accounts; appointments/roles.py says what they may.
ROLES = {
    "Schedulers": "Scheduler: calls patients, books, moves and closes",
    "Nurses": "Nurse: answers questions, may call patients",
    "Managers": "Manager: as a scheduler, and keeps calendar, accounts, reports and sign-offs; erases",
    "Auditors": "Auditor: reads who did and saw what, and nothing of patients",
}
ROLES_GIVEN_BY_MANAGERS = ("Schedulers", "Nurses")

# -------------------------------------------------------------------------------------------------- Calls, visits

VISIT_MINUTES = environment.number("VISIT_MINUTES", 30, least=5, most=24 * 60)
# For so long a request stays with whoever took it and does nothing.
CLAIM_MINUTES = environment.number("CLAIM_MINUTES", 20, least=1)
# Somebody who does not answer is called so often, so many hours apart, before a letter says that we tried.
CALL_ATTEMPTS = environment.number("CALL_ATTEMPTS", 4, least=1)
HOURS_BETWEEN_CALLS = environment.number("HOURS_BETWEEN_CALLS", 20, least=1)
# Nobody is called earlier or later than this where they are, whatever they chose.
CALLS_FROM_HOUR = environment.number("CALLS_FROM_HOUR", 8, most=23)
CALLS_UNTIL_HOUR = environment.number("CALLS_UNTIL_HOUR", 20, least=CALLS_FROM_HOUR + 1, most=24)
# A request that was skipped is not offered to the same person again for so long.
SKIP_MINUTES = environment.number("SKIP_MINUTES", 60, least=1)
UNDO_MINUTES = environment.number("UNDO_MINUTES", 15, least=1)
# Patients can choose one of the times that were offered for so many days.
OFFER_DAYS = environment.number("OFFER_DAYS", 7, least=1)

# ------------------------------------------------------------------------------------------------------- Messages

# Where patients and staff find the site: the links in messages start with it.
SITE_URL = environment.url(
    "SITE_URL", "http://127.0.0.1:8000" if DEVELOPMENT else f"https://{ALLOWED_HOSTS[0].lstrip('.')}"
)
if not DEVELOPMENT and not SITE_URL.startswith("https://"):
    raise ImproperlyConfigured("SITE_URL must begin with https://.")
# Without a mail server no e-mail is sent; in development they become files.
EMAIL_HOST = environment.host("EMAIL_HOST")
EMAIL_PORT = environment.number("EMAIL_PORT", 587, least=1, most=65_535)
EMAIL_HOST_USER = environment.text("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = environment.secret("EMAIL_PASSWORD", "")
# At the port for it TLS is spoken from the start (RFC 8314, 3.3), at others after STARTTLS.
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = environment.boolean("EMAIL_STARTTLS", bool(EMAIL_HOST) and not DEVELOPMENT) and not EMAIL_USE_SSL
# How long one step of a conversation with the mail server may take, in seconds.
EMAIL_TIMEOUT = environment.number("EMAIL_TIMEOUT", 10, least=1, most=60)
# And its answer to a whole message, as RFC 5321, 4.5.3.2.6, asks for: what is sent again earlier arrives twice.
EMAIL_ANSWER_SECONDS = environment.number("EMAIL_ANSWER_SECONDS", 600, least=1, most=3600)
# Or a provider's own interface, which also tells what became of each e-mail: one that django-anymail knows, and its
# settings by their names there, as JSON.
EMAIL_PROVIDER = environment.text("EMAIL_PROVIDER", "")
if EMAIL_PROVIDER and (EMAIL_HOST or not EMAIL_PROVIDER.isidentifier()):
    raise ImproperlyConfigured("EMAIL_PROVIDER must be one that django-anymail knows, and EMAIL_HOST empty.")
ANYMAIL = environment.json_object("EMAIL_PROVIDER_SETTINGS") | {
    "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
    # Nobody is watched reading.
    "SEND_DEFAULTS": {"track_opens": False, "track_clicks": False},
    "IGNORE_UNSUPPORTED_FEATURES": True,
}
if EMAIL_PROVIDER and len(str(ANYMAIL.get("WEBHOOK_SECRET", ""))) < 20:
    raise ImproperlyConfigured("EMAIL_PROVIDER_SETTINGS needs a WEBHOOK_SECRET of 20 characters, like name:secret.")
EMAIL_FILE_PATH = BASE_DIR / "var" / "mail"
EMAIL_BACKEND = "appointments.delivery.email.EmailBackend"
if EMAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
elif DEVELOPMENT and not EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
SENDS_EMAILS = bool(EMAIL_HOST or EMAIL_PROVIDER) or DEVELOPMENT
DEFAULT_FROM_EMAIL = environment.sender("EMAIL_FROM", None if EMAIL_HOST or EMAIL_PROVIDER else "clinic@example.com")
# Who hears of new urgent requests, and of requests that nobody called in time.
STAFF_EMAILS = environment.emails("STAFF_EMAILS")

# How text messages are sent: not at all, to the console, or by a provider with the interface of Twilio.
TEXTS = environment.choice("TEXTS", "console" if DEVELOPMENT else "off", ("off", "console", "twilio"))
TEXTS_URL = environment.url("TEXTS_URL", "https://api.twilio.com")
if not DEVELOPMENT and not TEXTS_URL.startswith("https://"):
    raise ImproperlyConfigured("TEXTS_URL must begin with https://.")
TEXTS_ACCOUNT = environment.text("TEXTS_ACCOUNT", None if TEXTS == "twilio" else "none")
TEXTS_TOKEN = environment.secret("TEXTS_TOKEN", None if TEXTS == "twilio" else "none")
TEXTS_FROM = environment.text("TEXTS_FROM", None if TEXTS == "twilio" else "none")

# An EHR's FHIR server is told of requests and visits, if there is one; see docs/operation/fhir.md. We sign in there
# by SMART Backend Services with the first of our keys (a JWK Set), and publish them all.
EHR_URL = environment.issuer("EHR_URL").rstrip("/")
EHR_TOKEN_URL = environment.issuer("EHR_TOKEN_URL")
EHR_CLIENT_ID = environment.text("EHR_CLIENT_ID", None if EHR_URL else "none")
EHR_KEYS = environment.jwk_set("EHR_KEYS")
EHR_SCOPES = environment.text(
    "EHR_SCOPES",
    "system/Patient.crs system/QuestionnaireResponse.cus system/ServiceRequest.cus system/Task.cus "
    "system/Appointment.cus",
)
EHR_TIMEOUT = environment.number("EHR_TIMEOUT", 15, least=1, most=30)
# Programs in which the questions may be answered in place of our pages: the name of each, by the hash of its token.
FHIR_CLIENTS = environment.token_hashes("FHIR_CLIENTS")
EHR_SENDER = "interop.push.EhrSender"
for name, value in (("EHR_URL", EHR_URL), ("EHR_TOKEN_URL", EHR_TOKEN_URL)):
    if value and not DEVELOPMENT and not value.startswith("https://"):
        raise ImproperlyConfigured(f"{name} must begin with https://.")
if EHR_URL and not (EHR_TOKEN_URL and EHR_KEYS["keys"]):
    raise ImproperlyConfigured("EHR_URL needs EHR_TOKEN_URL and EHR_KEYS.")

# A clinic's own wording: templates found in this folder take the place of ours, like messages/booked.txt.
CLINIC_TEMPLATES = environment.folder("CLINIC_TEMPLATES")
# Pathways of its own, in this folder, and which of all there are it offers: screening/pathways/ reads both.
CLINIC_PATHWAYS = environment.folder("CLINIC_PATHWAYS")
PATHWAYS = environment.words("PATHWAYS", "")
# What patients read something of: a clinician's signature covers it, see screening/signed_text.py, which adds the
# page that introduces each pathway.
SIGNED_TEMPLATES = (
    "common/[!s]*.html",
    "intake/*.html",
    "messages/*",
    "portal/*.html",
    "screening/*.html",
    "screening/pictures/*.html",
    "staff/letter.html",
    "texts/*.txt",
    "upright/*.html",
)

REMINDER_HOURS = environment.number("REMINDER_HOURS", 48, least=1)
# So often a server may refuse a message for now before it is left to staff; with twelve, for about sixteen hours. A
# server that is away is waited for much longer.
MESSAGE_ATTEMPTS = environment.number("MESSAGE_ATTEMPTS", 12, least=1, most=100)
# A message that a worker has been sending for so long is taken up by another. It must be longer than SEND_SECONDS,
# after which the worker itself gives up.
LEASE_SECONDS = environment.number("LEASE_SECONDS", 120, least=1)
SEND_SECONDS = environment.number("SEND_SECONDS", 60, least=1)
if SEND_SECONDS >= LEASE_SECONDS:
    raise ImproperlyConfigured("SEND_SECONDS must be less than LEASE_SECONDS, or messages would be sent twice.")

# ------------------------------------------------------------------------------------------------------ Retention

# So many days are kept: requests that were closed without a visit, those closed after one, those that perhaps no
# person sent, messages that are done with, and the log of exports.
KEEP_CLOSED_DAYS = environment.number("KEEP_CLOSED_DAYS", 365, least=1, most=36_500)
KEEP_VISITED_DAYS = environment.number("KEEP_VISITED_DAYS", 2190, least=1, most=36_500)
KEEP_DOUBTFUL_DAYS = environment.number("KEEP_DOUBTFUL_DAYS", 30, least=1, most=36_500)
KEEP_MESSAGES_DAYS = environment.number("KEEP_MESSAGES_DAYS", 90, least=1, most=36_500)
KEEP_EXPORT_LOG_DAYS = environment.number("KEEP_EXPORT_LOG_DAYS", 2190, least=1, most=36_500)
# When more requests than that are due in one hour, a manager looks before they are deleted.
ERASED_AN_HOUR = environment.number("ERASED_AN_HOUR", 100, least=1)
# The audit is sealed with this key, or one made from SECRET_KEY. Former keys go on verifying what they sealed.
AUDIT_KEY = environment.secret("AUDIT_KEY", "")
AUDIT_KEY_FALLBACKS = environment.secrets("AUDIT_KEY_FALLBACKS")
for name, secrets in (("AUDIT_KEY", [AUDIT_KEY] if AUDIT_KEY else []), ("AUDIT_KEY_FALLBACKS", AUDIT_KEY_FALLBACKS)):
    if not DEVELOPMENT and any(len(secret) < 50 or "," in secret for secret in secrets):
        raise ImproperlyConfigured(f"{name} must be 50 random characters or more, without a comma.")
AUDIT_YEARS = environment.number("AUDIT_YEARS", 6, least=1, most=100)
AUDIT_HARMLESS_PAGES = "appointments.staff.site.HARMLESS_PAGES"
# Signals that become entries of the audit: where each is, the action and the outcome of its entry.
AUDITED_SIGNALS = (
    ("axes.signals.user_locked_out", "locked-out", "refused"),
    ("accounts.signals.second_factor_passed", "second-factor", "ok"),
    ("accounts.signals.second_factor_failed", "second-factor", "refused"),
    ("accounts.signals.second_factor_set_up", "second-factor", "ok"),
    ("accounts.signals.recovery_codes_made", "second-factor", "ok"),
    ("accounts.signals.second_factor_reset", "second-factor", "ok"),
    ("accounts.signals.session_refused", "refused", "refused"),
    ("accounts.signals.sessions_ended", "sign-out", "ok"),
    ("accounts.signals.proven_by_provider", "second-factor", "ok"),
    ("accounts.signals.refused_after_provider", "sign-in-failed", "refused"),
    ("accounts.signals.ended_by_provider", "sign-out", "ok"),
)

# Anonymous counts of checks are written so often at most, in seconds; with 0 nothing is counted.
COUNT_EVERY_SECONDS = environment.number("COUNT_EVERY_SECONDS", 10)

# ------------------------------------------------------------------------------------------------------ Signing in

# Without it a password would be enough; only the demo and tests may do without.
SECOND_FACTOR = environment.boolean("SECOND_FACTOR", not DEVELOPMENT)
if not SECOND_FACTOR and not DEVELOPMENT:
    raise ImproperlyConfigured("SECOND_FACTOR may be false in development only.")
# Staff who do nothing for so long are signed out, and everybody is after so many hours.
SESSION_IDLE_MINUTES = environment.number("SESSION_IDLE_MINUTES", 30, least=1)
SESSION_HOURS = environment.number("SESSION_HOURS", 12, least=1, most=24 * 7)
# After so many wrong passwords a username is locked for the address they came from, for so long.
SIGN_IN_TRIES = environment.number("SIGN_IN_TRIES", 5, least=1, most=100)
SIGN_IN_LOCK_MINUTES = environment.number("SIGN_IN_LOCK_MINUTES", 15, least=1)
# After so many in that time, whatever the names, everybody at that address is.
SIGN_IN_TRIES_PER_ADDRESS = environment.number("SIGN_IN_TRIES_PER_ADDRESS", 100, least=SIGN_IN_TRIES)
# A file of SHA-1 hashes of passwords that leaked, sorted: they are refused, beside the common ones.
LEAKED_PASSWORDS = environment.text("LEAKED_PASSWORDS", "")
# A password that somebody else set opens only the page for choosing one's own, and after so many days nothing.
FIRST_PASSWORD_DAYS = environment.number("FIRST_PASSWORD_DAYS", 7, least=1, most=90)
# Who changes how they sign in, or ends sessions, gives a code again if the last one was given so long ago.
CONFIRM_MINUTES = environment.number("CONFIRM_MINUTES", 10, least=1, most=60)
# Staff sign in at the clinic's own identity provider (OpenID Connect), if there is one; see
# docs/operation/single-sign-on.md. It is named as its discovery document names it, with no slash added or left out.
SSO_ISSUER = environment.issuer("SSO_ISSUER")
if SSO_ISSUER and not DEVELOPMENT and not SSO_ISSUER.startswith("https://"):
    raise ImproperlyConfigured("SSO_ISSUER must begin with https://.")
SSO_CLIENT_ID = environment.text("SSO_CLIENT_ID", None if SSO_ISSUER else "none")
SSO_CLIENT_SECRET = environment.secret("SSO_CLIENT_SECRET", None if SSO_ISSUER else "none")
# What staff call it.
SSO_NAME = environment.text("SSO_NAME", None if SSO_ISSUER else "none")
SSO_SCOPES = environment.words("SSO_SCOPES", "profile")
# The claim that names somebody's groups there, and which of ours each of those is: theirs=Schedulers, …
SSO_GROUPS_CLAIM = environment.text("SSO_GROUPS_CLAIM", "groups")
SSO_GROUPS = environment.pairs("SSO_GROUPS", None if SSO_ISSUER else "none=Schedulers", tuple(ROLES))
# With one of these in its claims amr or acr, the provider has asked for a second factor; with "*" it always has.
# Otherwise we do.
SSO_SECOND_FACTOR = environment.words("SSO_SECOND_FACTOR", "mfa")
# The accounts that still sign in with a password, for when the provider is away. Nobody else does.
SSO_BREAK_GLASS = environment.words("SSO_BREAK_GLASS", None if SSO_ISSUER else "none")
# So long we wait for it, in seconds.
SSO_TIMEOUT = environment.number("SSO_TIMEOUT", 5, least=1, most=20)
# What is typed on these pages is kept when the session has ended meanwhile; never on one with a password.
UNSENT_FORMS = ["admin:appointments_appointmentrequest_do", "admin:new_request"]

# ------------------------------------------------------------------------------------------------------- Django

INSTALLED_APPS = [
    "appointments.apps.AppointmentsConfig",
    "screening.apps.ScreeningConfig",
    "crispy_forms",
    "csp",
    "whitenoise.runserver_nostatic",
    "appointments.staff.site.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
    # After those whose tables it takes out of the admin.
    "accounts.apps.AccountsConfig",
]

# Widgets are found in templates/ too.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

MIDDLEWARE = [
    # First those that only add headers, so that no answer goes without them: not even the way to HTTPS.
    "config.request_log.request_log",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.gate.gate",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Before anything reads an address.
    "screening.mounted.mounted",
    # Around all that could refuse or answer, so that it sees every answer there is.
    "audit.middleware.audited",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "config.gate.staff_pages_in_english",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.middleware.SessionLimits",
    # Last, because it looks at what came of a sign-in.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
# The pages that others lead to, so that no part has to know the names of one above it.
PAGES = {
    "education": "screening:education",
    "check": "screening:start",
    "how_it_decides": "screening:how_it_decides",
    "language_help": "language_help",
    "accessibility": "accessibility",
    "text_messages": "text_messages",
    "ask": "appointments:ask",
    "sent": "appointments:sent",
    "status": "appointments:status",
    "choose": "appointments:choose",
    "today": "admin:index",
    "queue": "admin:appointments_appointmentrequest_changelist",
    "request": "admin:appointments_appointmentrequest_change",
}
# By which pages a case leaves the call sheet, and who may open them.
TAKEN_ALONG = (
    ("Copy for the record", "fhir:record", "appointments.view_appointmentrequest"),
    ("Download as FHIR", "fhir:bundle", "appointments.change_appointmentrequest"),
)
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [
            *filter(None, [CLINIC_TEMPLATES]),
            BASE_DIR / "templates",
            *([f"{CLINIC_PATHWAYS}/templates"] if CLINIC_PATHWAYS else []),
        ],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"phones": "common.phones"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "common.brand.brand",
                "common.clinic.clinic",
                "common.pages.pages",
                "common.notices.notices",
                "screening.sign_off.signatures",
            ],
        },
    },
]

CRISPY_ALLOWED_TEMPLATE_PACKS = ("upright",)
CRISPY_TEMPLATE_PACK = "upright"
CRISPY_FAIL_SILENTLY = False

# ----------------------------------------------------------------------------------------------------- Database

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# So long a page waits for one statement, a lock included; 0 is for ever. config/wsgi.py sets it for web processes:
# migrations and workers may take their time. A pooler may not pass it on; see docs/operation.md.
STATEMENT_SECONDS = environment.number("STATEMENT_SECONDS", 0, most=25)
# After so many seconds without an answer the database counts as away, whatever its own limits; 0 waits for ever.
DATABASE_PATIENCE = environment.number("DATABASE_PATIENCE", 0, most=300)

if DATABASE_HOST := environment.text("DATABASE_HOST", ""):
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            "ENGINE": "common.postgresql",
            "HOST": DATABASE_HOST,
            "PORT": str(environment.number("DATABASE_PORT", 5432, least=1, most=65_535)),
            "NAME": environment.text("DATABASE_NAME", "upright"),
            "USER": environment.text("DATABASE_USER", "upright"),
            "PASSWORD": environment.secret("DATABASE_PASSWORD", "" if DEVELOPMENT else None),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            # Behind a pooler the next statement may go over another connection, which knows of no cursor.
            "DISABLE_SERVER_SIDE_CURSORS": True,
            "OPTIONS": {
                "connect_timeout": 5,
                # What the server has not confirmed to have got after so many milliseconds breaks the connection.
                "tcp_user_timeout": 10_000,
            },
        }
    }
    if STATEMENT_SECONDS:
        # A process that stops between two statements must not keep what it has locked.
        limits = {
            "statement_timeout": STATEMENT_SECONDS,
            "idle_in_transaction_session_timeout": 2 * STATEMENT_SECONDS,
        }
        DATABASES["default"]["OPTIONS"]["options"] = " ".join(f"-c {name}={value}s" for name, value in limits.items())
else:
    SQLITE_PATH = Path(environment.text("SQLITE_PATH", str(BASE_DIR / "var" / "upright.sqlite3")))
    environment.made_folder("SQLITE_PATH", SQLITE_PATH.parent)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": SQLITE_PATH,
            # A file and not memory, so that tests with several connections lock as production does.
            "TEST": {"NAME": SQLITE_PATH.with_name("test.sqlite3")},
            "OPTIONS": {
                # A transaction that writes takes its turn at the start and cannot deadlock later.
                "transaction_mode": "IMMEDIATE",
                "timeout": STATEMENT_SECONDS or 20,
                # What patients are told is stored, is on the disk. What is deleted is overwritten.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
            },
        }
    }

# ---------------------------------------------------------------------------------------- Language, time, static

LANGUAGE_CODE = languages.ENGLISH.code
LANGUAGES = [(language.code, language.name) for language in languages.LANGUAGES]
LANGUAGES_BIDI = [language.code for language in languages.LANGUAGES if language.direction == "rtl"]
# Django knows many; each of ours is what our entry says.
LANG_INFO |= {
    language.code: {
        "bidi": language.direction == "rtl",
        "code": language.code,
        "name": language.english_name,
        "name_local": language.name,
    }
    for language in languages.LANGUAGES
}
LOCALE_PATHS = [*([f"{CLINIC_PATHWAYS}/locale"] if CLINIC_PATHWAYS else []), BASE_DIR / "locale"]
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(environment.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "config.static_files.StaticFiles"
    },
}
# In development a file is looked for when it is asked for, so that none has to be collected, nor all be listed first.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEVELOPMENT
if DEVELOPMENT:
    environment.made_folder("STATIC_ROOT", STATIC_ROOT)

# ----------------------------------------------------------------------------------------------------- Security

# No page of ours needs more than our own files; nothing is ever loaded from, or sent to, a third party.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # The staff's search answers while one types.
        "connect-src": [SELF],
        "img-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# Not "no-referrer": with it browsers send "Origin: null", which the CSRF check must refuse.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SECURE_SSL_REDIRECT = not DEVELOPMENT
SECURE_REDIRECT_EXEMPT = [r"^health/(ready/)?$"]
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEVELOPMENT
SECURE_HSTS_PRELOAD = not DEVELOPMENT
BEHIND_TLS_PROXY = environment.boolean("BEHIND_TLS_PROXY", False)
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# In the session, because Django's cookie for them would go without the prefix.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
COOKIE_PREFIX = "" if DEVELOPMENT else "__Host-"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
SESSION_COOKIE_SECURE = not DEVELOPMENT
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# A day longer: whoever is signed out hears why, and what they had typed is kept (accounts/sessions.py).
SESSION_COOKIE_AGE = (SESSION_HOURS + 24) * 60 * 60
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_SECURE = not DEVELOPMENT
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
CSRF_COOKIE_SECURE = not DEVELOPMENT
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "accounts.views.form_of_another_session"

# The longest form we have is far below this.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

AUTHENTICATION_BACKENDS = ["accounts.throttling.Backend"]
PASSWORD_HASHERS = ["accounts.passwords.Hasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "accounts.passwords.LongEnough"},
    {"NAME": "accounts.passwords.NotTriedFirst"},
    {"NAME": "accounts.first_passwords.OnesOwn"},
]
if LEAKED_PASSWORDS:
    AUTH_PASSWORD_VALIDATORS.append(
        {"NAME": "accounts.leaked_passwords.NotLeaked", "OPTIONS": {"path": LEAKED_PASSWORDS}}
    )

AXES_HANDLER = "accounts.throttling.Handler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = SIGN_IN_TRIES
AXES_COOLOFF_TIME = datetime.timedelta(minutes=SIGN_IN_LOCK_MINUTES)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "common.client_address.counted_address_of"
AXES_USERNAME_CALLABLE = "accounts.throttling.counted_username"
AXES_LOCKOUT_CALLABLE = "accounts.throttling.locked_out"
# Kept are the counts that lock, and no diary.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# What authenticator apps call the account.
OTP_TOTP_ISSUER = f"Upright, {CLINIC_NAME}"

# Where to tell us of a hole: mailto:… or https://…, shown in /.well-known/security.txt.
SECURITY_CONTACT = environment.text("SECURITY_CONTACT", "")
if SECURITY_CONTACT and not SECURITY_CONTACT.startswith(("mailto:", "https://")):
    raise ImproperlyConfigured("SECURITY_CONTACT must begin with mailto: or https://.")

# ---------------------------------------------------------------------------------------------- Logs and metrics

# DEBUG, which is for made-up people only, shows the messages of exceptions too.
LOG_FORMAT = logs.format_from_environment("line" if DEVELOPMENT else "json")
LOGGING = logs.settings_for(LOG_FORMAT, scrub=not DEBUG)
LOGGING_CONFIG = "config.logs.configure"

# Whoever sends it may read /metrics/; without it nobody may.
METRICS_TOKEN = environment.secret("METRICS_TOKEN", "")
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("METRICS_TOKEN must be 20 random characters or more.")
