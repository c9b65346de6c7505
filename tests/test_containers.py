"""`make containers` does all that docker-compose.yml says, and says where it cannot. No container is started here."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.containers import bases, compose

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
REQUIRED = {
    *("SECRET_KEY", "ALLOWED_HOSTS", "CLINIC_NAME", "CLINIC_PHONE", "CERTIFICATES"),
    *("DATABASE_PASSWORD", "DATABASE_OWNER_PASSWORD", "DATABASE_ADMIN_PASSWORD"),
}
VARIABLES = {name: f"/{name.lower()}" for name in REQUIRED}


@pytest.fixture
def changed(tmp_path) -> Callable[..., compose.Composition]:
    """Reads the file after a change of what it says."""

    def read(change: Callable[[dict], object]) -> compose.Composition:
        said = yaml.safe_load(FILE.read_text())
        change(said)
        file = tmp_path / "docker-compose.yml"
        file.write_text(yaml.safe_dump(said))
        return compose.read(file, VARIABLES)

    return read


def test_each_service_starts_after_all_that_it_waits_for(changed):
    def order(composition) -> list[str]:
        return [service.name for service in composition.in_order()]

    as_written = order(compose.read(FILE, VARIABLES))
    assert as_written[0] == "database"
    assert as_written[-1] == "proxy"
    assert as_written.index("release") < as_written.index("web")

    # It is worked out of the file, and not known here.
    def the_other_way_round(said):
        del said["services"]["pooler"]["depends_on"]
        said["services"]["database"]["depends_on"] = {"pooler": {"condition": "service_started"}}

    assert order(changed(the_other_way_round))[:2] == ["pooler", "database"]


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(secrets={}),
        lambda said: said["services"]["web"].update(privileged=True),
        lambda said: said["services"]["web"]["deploy"].update(resources={}),
        lambda said: said["services"]["web"]["depends_on"]["pooler"].update(restart=True),
        lambda said: said["services"]["web"]["depends_on"]["pooler"].update(condition="service_happy"),
        lambda said: said["services"]["web"].update(networks=["elsewhere"]),
        lambda said: said["services"]["proxy"]["healthcheck"].update(start_interval="1s"),
        lambda said: said["services"]["proxy"]["build"].update(args={}),
        lambda said: said["services"]["proxy"].update(stop_grace_period="soon"),
        lambda said: said["services"]["proxy"].update(ports=["80-90:8080"]),
        lambda said: said["services"]["database"].update(volumes=["database:/var/lib/postgresql/data:z"]),
        lambda said: said["networks"]["inside"].update(driver="host"),
        lambda said: said["services"]["web"]["environment"].update(PILOT="${PILOT?}"),
    ],
)
def test_what_is_not_understood_is_refused_and_not_left_out(changed, change):
    with pytest.raises(compose.Unknown):
        changed(change)


def test_a_variable_that_has_to_be_set_is_named_by_the_file_s_own_words():
    for name in REQUIRED:
        with pytest.raises(compose.Missing, match=name):
            compose.read(FILE, VARIABLES | {name: ""})


def test_rights_signals_and_variables_are_handed_on():
    services = compose.read(FILE, VARIABLES | {"CLINIC_TEMPLATES": "/srv/ours"}, profiles=["development"]).services

    hardened = {"--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges:true"}
    assert [name for name, one in services.items() if not hardened <= {*one.options}] == ["database"]
    assert {"--stop-signal=SIGQUIT", "--stop-timeout=40", "--health-interval=10s"} <= {*services["proxy"].options}
    assert (services["worker"].grace, services["database"].grace, services["mail"].grace) == (70, 60, 10)
    web = services["web"]
    assert (web.environment["SECRET_KEY"], web.environment["DATABASE_HOST"]) == ("/secret_key", "pooler")
    assert (web.environment["CLINIC_TEMPLATES"], web.environment["CLINIC_PATHWAYS"]) == ("/clinic-templates", "")
    assert web.environment["WEB_CONCURRENCY"] == "2"
    assert ("/srv/ours", "/clinic-templates", "ro") in web.volumes
    assert (str(ROOT / "manage.py"), "/leaked-passwords", "ro") in web.volumes


def test_what_is_for_trying_out_starts_only_when_asked_for():
    assert "mail" not in compose.read(FILE, VARIABLES).services


def test_each_base_image_has_a_stand_in_with_the_same_major_versions():
    services = compose.read(FILE, VARIABLES, profiles=["development"]).services.values()
    dockerfiles = {one.dockerfile for one in services if one.dockerfile}
    images = [*bases.named_in(dockerfiles), *{one.image for one in services if not one.dockerfile}]

    recipes = {image.split(":")[0]: bases.recipe_for(image) for image in images}

    assert set(recipes) == {"python", "debian", "postgres", "axllent/mailpit"}
    major = next(image for image in images if image.startswith("postgres:")).removeprefix("postgres:")[:2]
    assert recipes["postgres"].packages == [f"postgresql-{major}"]
    assert all((bases.HERE / "images" / file).exists() for one in recipes.values() for file in one.files)
