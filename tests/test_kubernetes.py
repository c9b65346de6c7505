"""The manifests of deploy/kubernetes/ are what Kubernetes takes, and say the same as docker-compose.yml."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from deploy.start import write_configuration
from tests.test_deployment import SERVICES, read_by_settings

FOLDER = Path(__file__).parents[1] / "deploy" / "kubernetes"
WHOLE = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
# What no overlay is needed for to read it: kustomize adds names and labels only.
MANIFESTS = [one for file in WHOLE["resources"] for one in yaml.safe_load_all((FOLDER / file).read_text())]
OLDEST_KUBERNETES, NEWEST_KUBERNETES = "1.32", "1.37"

COMPONENT = "app.kubernetes.io/component"
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"]
    for one in MANIFESTS
    if one["kind"] in ("Deployment", "Job")
}
OURS = pytest.mark.parametrize("part", PODS)


def of_kind(kind: str) -> dict[str, dict]:
    return {one["metadata"]["name"]: one for one in MANIFESTS if one["kind"] == kind}


def written(file: str) -> dict[str, str]:
    lines = (FOLDER / file).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def containers(part: str) -> list[dict]:
    return [*PODS[part].get("initContainers", []), *PODS[part]["containers"]]


def main(part: str) -> dict:
    (container,) = PODS[part]["containers"]
    return container


def environment_of(container: dict) -> dict[str, str]:
    """As the container gets it; a variable of its own stands in the place of one of a map."""
    maps = {"settings": written("settings.env"), "database": written("database.env")}
    found: dict[str, str] = {}
    for one in container.get("envFrom", []):
        found |= maps[one["configMapRef"]["name"]]
    for one in container.get("env", []):
        source = one.get("valueFrom", {}).get("configMapKeyRef")
        found[one["name"]] = maps[source["name"]][source["key"]] if source else one["value"]
    return found


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, NEWEST_KUBERNETES])
def test_kubernetes_takes_them(version):
    for one in MANIFESTS:
        kubernetes_validate.validate(one, version, strict=True)
    broken = {**MANIFESTS[0], "spec": {**MANIFESTS[0]["spec"], "replicas": "two"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, version, strict=True)


def test_every_manifest_is_named_and_runs_what_the_compose_file_runs():
    assert {file.name for file in FOLDER.glob("*.yaml")} == {"kustomization.yaml", *WHOLE["resources"]}
    # PostgreSQL is outside, and so is a mail server.
    assert PODS.keys() == SERVICES.keys() - {"database", "mail"}
    for part in PODS:
        assert {one["image"] for one in containers(part)} == {SERVICES[part]["image"]}
        assert main(part).get("args") == SERVICES[part].get("command")
    assert {one["name"] for one in WHOLE["images"]} == {SERVICES[part]["image"] for part in PODS}
    for name, deployment in of_kind("Deployment").items():
        assert deployment["spec"]["replicas"] >= SERVICES[name].get("deploy", {}).get("replicas", 1)


@OURS
def test_containers_can_write_nowhere_and_have_no_rights_to_spare(part):
    hardened = SERVICES[part]
    for one in containers(part):
        context = one["securityContext"]
        assert context["readOnlyRootFilesystem"] is hardened["read_only"]
        assert context["capabilities"]["drop"] == hardened["cap_drop"]
        assert context["allowPrivilegeEscalation"] is ("no-new-privileges:true" not in hardened["security_opt"])
        writable = [mount["mountPath"] for mount in one["volumeMounts"] if not mount.get("readOnly")]
        assert writable == hardened["tmpfs"]
        assert one["resources"]["limits"]["memory"]
    pod = PODS[part]["securityContext"]
    # Debian gives www-data this number, and the first system user of the image the other.
    assert pod["runAsUser"] == {"upright-edge": 33, "upright": 999}[main(part)["image"]]
    assert (pod["runAsNonRoot"], pod["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert PODS[part]["automountServiceAccountToken"] is False
    # A Service called pooler would set POOLER_PORT to tcp://…
    assert PODS[part]["enableServiceLinks"] is False


@pytest.mark.parametrize("part", ["web", "warnings", "worker", "release"])
def test_each_setting_reaches_the_containers_and_secrets_are_files(part):
    for one in containers(part):
        given = environment_of(one).keys() - {"PGSSLMODE", "PGSSLROOTCERT", "WEB_CONCURRENCY"}
        in_files = {name for name in given if name.endswith("_FILE")}

        composed = SERVICES[part]["environment"].keys() - {"WEB_CONCURRENCY"}
        assert {name.removesuffix("_FILE") for name in given} == composed
        assert {name.removesuffix("_FILE") for name in in_files} == secrets_of_the_settings()
        mounted = {mount["mountPath"] for mount in one["volumeMounts"]}
        assert {environment_of(one)[name].rpartition("/")[0] for name in in_files} <= mounted


def secrets_of_the_settings() -> set[str]:
    """Those that config/environment.py reads from a file when told to."""
    code = (FOLDER.parents[1] / "config" / "settings.py").read_text()
    readers = "secret|secrets|jwk_set|json_object|token_hashes"
    return set(re.findall(rf'environment\.(?:{readers})\("([A-Z_]+)"', code)) & read_by_settings()


def test_the_application_uses_the_pooler_and_another_role_than_the_release():
    settings, release = environment_of(main("web")), environment_of(main("release"))

    for name in ("DATABASE_HOST", "DATABASE_PORT", "DATABASE_USER", "STATEMENT_SECONDS", "BEHIND_TLS_PROXY"):
        as_composed = str(SERVICES["web"]["environment"][name])
        assert settings[name] == re.sub(r"\$\{\w+:-(.*)\}", r"\1", as_composed)
    assert release["DATABASE_USER"] == SERVICES["release"]["environment"]["DATABASE_USER"]
    assert (release["DATABASE_HOST"], release["DATABASE_PORT"]) == ("database", "5432")
    # Nobody else is given the owner's password.
    owners = [name for name, pod in PODS.items() if "upright-owner" in str(pod["volumes"])]
    assert owners == ["release"]


def test_the_proxy_and_the_pooler_start_with_what_they_are_given(tmp_path):
    (tmp_path / "password").write_text("secret\n")
    here = {"FOLDER": str(tmp_path), "DATABASE_PASSWORD_FILE": str(tmp_path / "password")}

    assert write_configuration("nginx", environment_of(main("proxy")) | here)[0] == "nginx"
    assert "server web:8000 " in (tmp_path / "nginx.conf").read_text()
    assert write_configuration("pgbouncer", environment_of(main("pooler")) | here)[0] == "pgbouncer"
    assert (tmp_path / "users.txt").read_text() == '"upright" "secret"\n'
    left_out = {"FOLDER", "DATABASE_FORMER_USER", "DATABASE_FORMER_PASSWORD"}
    for part in ("proxy", "pooler"):
        given = {name.removesuffix("_FILE") for name in environment_of(main(part))}
        assert given | left_out == SERVICES[part]["environment"].keys() | left_out


def test_each_is_reached_at_its_ports_by_those_who_need_it_and_by_nobody_else():
    services = of_kind("Service")
    ports = {part: [port["containerPort"] for port in main(part).get("ports", [])] for part in PODS}
    assert ports == {"proxy": [8080, 8443], "web": [8000], "warnings": [8000], "pooler": [6432]} | {
        "worker": [],
        "release": [],
    }
    published = [f"{one['port']}:{ports['proxy'][at]}" for at, one in enumerate(services["proxy"]["spec"]["ports"])]
    assert published == SERVICES["proxy"]["ports"]
    assert [name for name, one in services.items() if one["spec"].get("type", "ClusterIP") != "ClusterIP"] == [
        "proxy"
    ]
    assert services["proxy"]["spec"]["externalTrafficPolicy"] == "Local"
    for name, one in services.items():
        assert one["spec"]["selector"] == {COMPONENT: name}

    policies = of_kind("NetworkPolicy")
    assert policies["nobody"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & policies["nobody"]["spec"].keys()
    let_in = {
        name: {peer["podSelector"]["matchLabels"][COMPONENT] for rule in rules for peer in rule.get("from", [])}
        for name, one in policies.items()
        if (rules := one["spec"].get("ingress"))
    }
    assert let_in == {
        "proxy": set(),
        "web": {"proxy"},
        "warnings": {"proxy"},
        "pooler": {"web", "warnings", "worker"},
    }
    for name, one in policies.items():
        for rule in one["spec"].get("ingress", []):
            assert [port["port"] for port in rule["ports"]] == ports[name]
    # As on the compose file's network `inside`: these reach nothing of the world.
    inside = {name for name in PODS if SERVICES[name]["networks"] == ["inside"]} - {"release", "pooler"}
    for name in inside:
        assert all("to" in rule for rule in policies[name]["spec"]["egress"])


def test_what_runs_always_is_looked_after_and_is_not_drained_all_at_once():
    for name, deployment in of_kind("Deployment").items():
        assert deployment["spec"]["template"]["metadata"]["labels"] == {COMPONENT: name}
        assert deployment["spec"]["selector"]["matchLabels"] == {COMPONENT: name}
        budget = of_kind("PodDisruptionBudget")[name]["spec"]
        assert budget["minAvailable"] < deployment["spec"]["replicas"]
        assert budget["selector"]["matchLabels"] == {COMPONENT: name}
        has_probes = {"readinessProbe", "livenessProbe"} <= main(name).keys()
        assert has_probes is not SERVICES[name].get("healthcheck", {}).get("disable", False)
        longest = int(SERVICES[name].get("stop_grace_period", "0s").removesuffix("s"))
        assert PODS[name]["terminationGracePeriodSeconds"] >= longest
