"""Settings refuse to load, in words that name the variable, rather than serve patients with one that cannot be right.

Each test starts a process of its own, with nothing in its environment but what the test says.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]

PRODUCTION = {
    "SECRET_KEY": "vJ4Zk0cXw2Qm9RtYb6Lh1NsDf8GpAe3UiOo5KzxWqTjVnMrC-7",
    "ALLOWED_HOSTS": "clinic.example",
    "CLINIC_NAME": "Example Clinic",
    "CLINIC_PHONE": "(212) 555-0100",
    "BEHIND_TLS_PROXY": "true",
    "DATABASE_HOST": "database.example",
    "DATABASE_PASSWORD": "correct horse battery staple",
}
DEVELOPMENT = {"UPRIGHT_DEVELOPMENT": "1"}
ON = {"SECOND_FACTOR": "true"}
# As settings.py has it for development.
EXAMPLE_SECRET = "for development only and refused in production"  # noqa: S105


def python(*arguments, **variables):
    environment = {
        "PATH": os.environ["PATH"],
        **{name: value for name, value in variables.items() if value is not None},
    }
    return subprocess.run(  # noqa: S603, the arguments are those written below
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_settings_load_where_all_is_set():
    started = python("manage.py", "check", **PRODUCTION)

    assert started.stdout == "System check identified no issues (0 silenced).\n"
    assert (started.returncode, started.stderr) == (0, "")


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "CLINIC_NAME", "CLINIC_PHONE", "DATABASE_PASSWORD"])
@pytest.mark.parametrize("value", [None, " "], ids=["missing", "blank"])
def test_production_does_not_start_without(name, value):
    started = python("manage.py", "check", **PRODUCTION | {name: value})

    assert started.returncode == 1
    assert started.stderr.strip() == (
        f"ImproperlyConfigured: Set {name} in the environment. docs/operation.md says to what."
    )


@pytest.mark.parametrize("secret", ["x" * 49, EXAMPLE_SECRET], ids=["too short", "the example"])
def test_production_does_not_start_with_a_secret_that_can_be_guessed(secret):
    started = python("manage.py", "check", **PRODUCTION | {"SECRET_KEY": secret})

    assert started.returncode == 1
    assert started.stderr.strip() == (
        "ImproperlyConfigured: SECRET_KEY must be 50 random characters or more, and not an example."
    )


def test_an_earlier_secret_that_can_be_guessed_is_refused_too():
    started = python("manage.py", "check", **PRODUCTION | {"SECRET_KEY_FALLBACKS": "guess me"})

    assert started.returncode == 1
    assert "SECRET_KEY_FALLBACKS" in started.stderr.splitlines()[-1]


KEY = ECKey.generate_key("P-384", {"kid": "l" * 60}).as_dict(private=True)
SECRETS = {
    "SECRET_KEY": "a" * 60,
    "SECRET_KEY_FALLBACKS": "b" * 60 + "," + "c" * 60,
    "AUDIT_KEY": "d" * 60,
    "AUDIT_KEY_FALLBACKS": "e" * 60 + "\n" + "f" * 60,
    "DATABASE_PASSWORD": "g" * 60,
    "EMAIL_PASSWORD": "h" * 60,
    "TEXTS_TOKEN": "i" * 60,
    "METRICS_TOKEN": "j" * 60,
    "SSO_CLIENT_SECRET": "k" * 60,
    "EHR_KEYS": json.dumps({"keys": [KEY]}),
}


def as_files(folder: Path, **values: str) -> dict[str, str]:
    for name, value in values.items():
        (folder / name).write_text(value)
    return dict.fromkeys(values) | {f"{name}_FILE": str(folder / name) for name in values}


def test_each_secret_can_come_in_a_file_and_the_line_break_at_its_end_does_not_count(tmp_path):
    program = """
from django.conf import settings as s
keys = [s.SECRET_KEY, *s.SECRET_KEY_FALLBACKS, s.AUDIT_KEY, *s.AUDIT_KEY_FALLBACKS]
keys += [s.DATABASES["default"]["PASSWORD"], s.EMAIL_HOST_PASSWORD, s.TEXTS_TOKEN, s.METRICS_TOKEN]
print([*keys, s.SSO_CLIENT_SECRET, s.EHR_KEYS["keys"][0]["kid"]])
"""
    files = as_files(tmp_path, **{name: f"{value}\n" for name, value in SECRETS.items()})

    started = python("-c", program, DJANGO_SETTINGS_MODULE="config.settings", **PRODUCTION | files)

    assert (started.stdout, started.stderr) == (f"{[letter * 60 for letter in 'abcdefghijkl']}\n", "")


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_a_file_that_cannot_be_read_stops_the_start(name, tmp_path):
    path = tmp_path / "nothing here"

    started = python("manage.py", "check", **PRODUCTION | {name: None, f"{name}_FILE": str(path)})

    assert started.returncode == 1
    assert started.stderr.strip() == (
        f"ImproperlyConfigured: {name}_FILE must name a file of text that we can read, not '{path}'."
    )


@pytest.mark.parametrize(
    ("written", "given", "words"),
    [
        (PRODUCTION["SECRET_KEY"], PRODUCTION["SECRET_KEY"], "Set SECRET_KEY or SECRET_KEY_FILE, and not both."),
        ("\n", None, "SECRET_KEY_FILE names a file with nothing in it"),
        ("guess me\n", None, "SECRET_KEY must be 50 random characters or more"),
    ],
    ids=["given twice", "empty", "too short"],
)
def test_a_secret_in_a_file_is_held_to_the_same_rules(written, given, words, tmp_path):
    file = as_files(tmp_path, SECRET_KEY=written)

    started = python("manage.py", "check", **PRODUCTION | file | {"SECRET_KEY": given})

    assert started.returncode == 1
    assert words in started.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"), [("CLINIC_PHONE", "call us"), ("CLINIC_PHONE", "555-0100"), ("PHONE_REGION", "USA")]
)
@pytest.mark.parametrize("phone", ["(212) 555-0100", "+1 212 555 0100"])
def test_a_phone_number_that_nobody_can_call_is_refused(name, value, phone):
    started = python("manage.py", "check", **PRODUCTION | {"CLINIC_PHONE": phone} | {name: value})

    assert started.returncode == 1
    assert name in started.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["UPRIGHT_DEVELOPMENT", "BEHIND_TLS_PROXY"])
def test_a_yes_or_no_that_is_neither_is_refused(name):
    started = python("manage.py", "check", **PRODUCTION | {name: "ture"})

    assert started.returncode == 1
    assert started.stderr.strip() == (f"ImproperlyConfigured: {name} must be true or false, not 'ture'.")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", "clinic.example,*"),
        ("ALLOWED_HOSTS", "https://clinic.example"),
        ("ALLOWED_HOSTS", "clinic.example:8443"),
        ("ALLOWED_HOSTS", "clinic.example other.example"),
        ("CLINIC_TIME_ZONE", "New York"),
        ("CLINIC_TIME_ZONE", "../../etc/passwd"),
        ("EMERGENCY_NUMBER", "emergency"),
        ("EMAIL_HOST", "mail.example:587"),
        ("EMAIL_HOST", "mail..example"),
        ("DATABASE_PORT", "postgres"),
        ("SITE_URL", "https://name:secret@clinic.example"),
        ("SITE_URL", "http://clinic.example"),
        ("SITE_URL", "https://.clinic.example"),
        ("SITE_URL", "https://clinic.example#top"),
        ("SITE_URL", "https://[clinic"),
        ("SITE_URL", "https://clinic.example:99999"),
        ("ALLOWED_HOSTS", ","),
        ("STAFF_EMAILS", "desk@clinic.example, desk"),
        ("EMAIL_FROM", "Example Clinic"),
        ("CLINIC_TEMPLATES", "/no/such/folder"),
        ("KEEP_CLOSED_DAYS", "999999"),
        ("TEXTS_URL", "http://texts.example"),
        ("SECURITY_CONTACT", "call us"),
        ("METRICS_TOKEN", "x" * 19),
        ("FHIR_CLIENTS", "portal=token"),
        ("FHIR_CLIENTS", f"two words={'0' * 64}"),
        ("AUDIT_KEY", "x" * 49),
        ("AUDIT_KEY", "x" * 50 + ","),
    ],
)
def test_a_setting_that_opens_a_hole_is_refused(name, value):
    started = python("manage.py", "check", **PRODUCTION | {"SITE_URL": "https://clinic.example", name: value})

    assert started.returncode == 1
    [said] = started.stderr.splitlines()
    assert said.startswith(f"ImproperlyConfigured: {name}")


@pytest.mark.parametrize("hosts", ["clinic.example", ".clinic.example", "127.0.0.1", "[::1]", "clinic.example,other"])
def test_hosts_are_names_or_addresses(hosts):
    mail = {"EMAIL_HOST": "::1", "EMAIL_FROM": "clinic@clinic.example"}

    assert python("manage.py", "check", **PRODUCTION | mail | {"ALLOWED_HOSTS": hosts}).returncode == 0


@pytest.mark.parametrize(
    ("mail", "from_the_start_or_after_starttls"),
    [({}, "False True"), ({"EMAIL_PORT": "465"}, "True False"), ({"EMAIL_STARTTLS": "false"}, "False False")],
)
def test_the_line_to_the_mail_server_is_encrypted_as_is_usual_at_its_port(mail, from_the_start_or_after_starttls):
    server = {"EMAIL_HOST": "mail.example", "EMAIL_FROM": "clinic@clinic.example"}
    show = "from django.conf import settings; print(settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS)"

    shown = python("manage.py", "shell", "--verbosity", "0", "-c", show, **PRODUCTION | server | mail)

    assert shown.stdout.strip() == from_the_start_or_after_starttls


def test_a_database_that_has_no_place_is_refused(tmp_path):
    (tmp_path / "file").touch()

    started = python(
        "manage.py", "check", **DEVELOPMENT | {"SQLITE_PATH": str(tmp_path / "file" / "upright.sqlite3")}
    )

    assert started.stderr == f"ImproperlyConfigured: SQLITE_PATH: {tmp_path / 'file'} cannot be made (File exists).\n"


SSO = {
    "SSO_ISSUER": "https://login.example/tenant/v2.0",
    "SSO_NAME": "Example Health",
    "SSO_CLIENT_ID": "upright",
    "SSO_CLIENT_SECRET": "secret",
    "SSO_GROUPS": "cn=spine=Schedulers, managers=Managers",
    "SSO_BREAK_GLASS": "emergency",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in SSO if name != "SSO_ISSUER"),
        ("SSO_ISSUER", "http://login.example"),
        ("SSO_ISSUER", "login.example"),
        ("SSO_GROUPS", "spine=Superusers"),
        ("SSO_GROUPS", "spine"),
    ],
)
def test_an_identity_provider_is_named_wholly_or_not_at_all(name, value):
    started = python("manage.py", "check", **PRODUCTION | SSO | {name: value})

    assert started.returncode == 1
    assert name in started.stderr.splitlines()[-1]


EHR = {
    "EHR_URL": "https://ehr.example/fhir/r4",
    "EHR_TOKEN_URL": "https://ehr.example/token",
    "EHR_CLIENT_ID": "upright",
    "EHR_KEYS": json.dumps({"keys": [KEY]}),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in EHR if name != "EHR_URL"),
        ("EHR_URL", "http://ehr.example"),
        ("EHR_TOKEN_URL", "http://ehr.example"),
        ("EHR_KEYS", '{"keys": []}'),
        ("EHR_KEYS", '{"keys": [{"kid": "first", "kty": "EC"}]}'),
        ("EHR_KEYS", '{"keys": [{"kid": "first", "kty": "EC", "d": "secret"}]}'),
        ("EHR_KEYS", json.dumps({"keys": [KEY | {"kid": ""}]})),
        ("EHR_KEYS", json.dumps({"keys": [ECKey.generate_key("P-256", {"kid": "first"}).as_dict(private=True)]})),
        ("EHR_KEYS", json.dumps({"keys": [{name: KEY[name] for name in KEY if name != "d"}]})),
        ("EHR_KEYS", "secret"),
    ],
)
def test_an_ehr_is_named_wholly_or_not_at_all_and_no_key_is_quoted(name, value):
    started = python("manage.py", "check", **PRODUCTION | EHR | {name: value})

    assert started.returncode == 1
    assert name in started.stderr.splitlines()[-1]
    assert "secret" not in started.stderr.splitlines()[-1]


def test_groups_of_an_identity_provider_may_have_an_equals_sign():
    program = "from django.conf import settings; print(settings.SSO_GROUPS)"
    started = python("-c", program, DJANGO_SETTINGS_MODULE="config.settings", **PRODUCTION | SSO)

    assert started.stdout == "{'cn=spine': 'Schedulers', 'managers': 'Managers'}\n"


def test_a_list_of_leaked_passwords_that_is_not_there_stops_the_start(tmp_path):
    for command in (("manage.py", "check"), ("-c", "import config.wsgi")):
        started = python(*command, **PRODUCTION | {"LEAKED_PASSWORDS": str(tmp_path / "none")})

        assert started.returncode == 1
        assert f"LEAKED_PASSWORDS must name a file that we can read, not '{tmp_path / 'none'}'." in started.stderr


def test_a_list_of_leaked_passwords_is_asked(tmp_path):
    (tmp_path / "leaked").write_text("8D8A0C2A9A8D3B4C5E6F708192A3B4C5D6E7F809:3\n")
    program = "from django.conf import settings; print(settings.AUTH_PASSWORD_VALIDATORS[-1]['OPTIONS'])"
    file = {"LEAKED_PASSWORDS": str(tmp_path / "leaked")}

    started = python("-c", program, DJANGO_SETTINGS_MODULE="config.settings", **PRODUCTION | file)

    assert (started.stdout, started.stderr) == (f"{{'path': '{tmp_path / 'leaked'}'}}\n", "")


def test_the_second_factor_cannot_be_left_out_in_production():
    started = python("manage.py", "check", **PRODUCTION | {"SECOND_FACTOR": "false"})

    assert started.returncode == 1
    assert started.stderr.strip() == ("ImproperlyConfigured: SECOND_FACTOR may be false in development only.")


def test_in_production_staff_are_asked_for_it_and_in_development_only_on_request():
    program = "from django.conf import settings; print(settings.SECOND_FACTOR)"

    for variables, asked in ((PRODUCTION, "True"), (DEVELOPMENT, "False"), (DEVELOPMENT | ON, "True")):
        assert python("-c", program, DJANGO_SETTINGS_MODULE="config.settings", **variables).stdout == f"{asked}\n"


def test_links_lead_to_the_site_also_where_hosts_begin_with_a_dot():
    program = "from django.conf import settings; print(settings.SITE_URL)"
    ran = python(
        "-c", program, DJANGO_SETTINGS_MODULE="config.settings", **PRODUCTION | {"ALLOWED_HOSTS": ".clinic.example"}
    )

    assert ran.stdout == "https://clinic.example\n"


def test_debug_pages_are_for_development_only():
    program = "from django.conf import settings; print(settings.DEVELOPMENT, settings.DEBUG)"
    started = python("-c", program, DJANGO_SETTINGS_MODULE="config.settings", DEBUG="true", **PRODUCTION)

    assert (started.stdout, started.stderr) == ("False False\n", "")


def test_a_deployment_is_warned_of_nothing_that_its_settings_say():
    checked = python("manage.py", "check", "--deploy", **PRODUCTION)

    assert checked.returncode == 0
    # That depends on the Python of the machine.
    assert set(re.findall(r"\(\w+\.\w\d+\)", checked.stderr)) <= {"(appointments.I001)"}


def test_a_release_that_nobody_has_signed_changes_nothing_and_says_how_to_start_a_pilot(tmp_path):
    database = tmp_path / "new.sqlite3"
    here = {"DATABASE_HOST": None, "SQLITE_PATH": str(database)}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = {name: value for name, value in {**PRODUCTION, **here, "PATH": path}.items() if value}

    ran = subprocess.run(
        ["sh", "deploy/release.sh"],  # noqa: S607
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "No clinician has signed off version" in ran.stderr
    assert "To start without it, set PILOT=true: each page then tells patients." in ran.stderr
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_in_production_the_cookies_of_visitors_are_for_this_host_and_for_https_only():
    program = """
import django
django.setup()
from django.test import Client
visitor = Client(headers={"host": "clinic.example"})
secure = {"x-forwarded-proto": "https"}
answered = visitor.post("/check/red_flags/", {"red_flags": "none"}, headers=secure)
chosen = visitor.post("/language/", {"language": "es"}, headers=secure)
print(answered.status_code, answered.headers["Strict-Transport-Security"])
for name, cookie in {**answered.cookies, **chosen.cookies}.items():
    print(name, sorted(item for item in cookie.items() if item[1] and item[0] not in ("expires", "max-age")))
from django.conf import settings
from accounts import unsent
from appointments.portal import guesses, views
print(views.COOKIE, guesses.COOKIE, unsent._cookie())
for cookie in ("CSRF_COOKIE", "SESSION_COOKIE"):
    print(*(getattr(settings, f"{cookie}_{what}") for what in ("NAME", "SECURE", "HTTPONLY", "DOMAIN")))
unsafe = visitor.get("/check/")
print(unsafe.status_code, unsafe["Location"])
"""
    ran = python("-c", program, DJANGO_SETTINGS_MODULE="config.settings", **PRODUCTION)

    assert ran.stdout.splitlines() == [
        "302 max-age=63072000; includeSubDomains; preload",
        *(
            f"__Host-{name} [('httponly', True), ('path', '/'), ('samesite', 'Lax'), ('secure', True)]"
            for name in ("answers", "language")
        ),
        "__Host-status __Host-known __Host-unsent",
        # Set with each page, of which none can be shown before its files are collected.
        "__Host-csrf True True None",
        "__Host-session True True None",
        "301 https://clinic.example/check/",
    ]


def test_every_change_of_a_model_has_its_migration(tmp_path):
    made = python(
        *("manage.py", "makemigrations", "--check", "--dry-run"),
        UPRIGHT_DEVELOPMENT="1",
        SQLITE_PATH=str(tmp_path / "none.sqlite3"),
    )

    assert (made.returncode, made.stdout) == (0, "No changes detected\n")
