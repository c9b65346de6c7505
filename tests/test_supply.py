"""The bill of materials names all that ships."""

import json
import re
from pathlib import Path

import yaml
from cyclonedx.model.bom import Bom
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

from tests.supply.sbom import bill

ROOT = Path(__file__).parents[1]


def test_the_bill_of_materials_has_each_pin_with_its_hashes_and_licence_and_each_image():
    written = json.loads(make_outputter(bill(), OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())

    named = {(one["name"], one.get("version")): one for one in written["components"]}
    pins = (ROOT / "requirements.txt").read_text()
    for name, version in re.findall(r"^([a-z][\w.-]*)(?:\[\w+\])?==(\S+)", pins, re.MULTILINE):
        licences = named[name, version]["licenses"]
        assert "unknown" not in json.dumps(licences)
    hashes = {h["content"] for one in named.values() for r in one.get("externalReferences", []) for h in r["hashes"]}
    assert hashes == set(re.findall(r"sha256:(\w+)", pins))
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    for image in {one["image"] for one in services if "build" not in one}:
        assert tuple(image.split(":")) in named, "each image is pinned to a version"
    assert {"python", "debian", "nginx", "pgbouncer"} <= {name for name, _version in named}
    # Each is needed by something, up to the product itself.
    needed = {need for one in written["dependencies"] for need in one.get("dependsOn", [])}
    assert {one["bom-ref"] for one in written["components"]} == needed
    assert len(Bom.from_json(written).components) == len(named)
