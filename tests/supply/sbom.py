"""Writes the bill of materials of what ships, as CycloneDX 1.6 in JSON: make sbom.

Of each Python package: name, version, hashes of the pinned files, licence, what it needs. Of the containers: each
image that one of ours is built from or that docker-compose.yml starts, and each Debian package that deploy/Dockerfile
adds, whose version is that of the day it is built.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import metadata, requires
from pathlib import Path

import yaml
from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def bill() -> Bom:
    bom = Bom()
    bom.metadata.component = product = Component(name="upright", type=ComponentType.APPLICATION)
    packages = {one.name: one for one in _packages()}
    for name, component in packages.items():
        needs = {canonicalize_name(Requirement(line).name) for line in requires(name) or ()}
        bom.register_dependency(component, [packages[need] for need in sorted(needs & packages.keys())])
    others = [*_images(), *_debian_packages()]
    for component in (*packages.values(), *others):
        bom.components.add(component)
    bom.register_dependency(product, [*packages.values(), *others])
    return bom


def _packages() -> Iterator[Component]:
    pinned = re.split(r"\n(?=[a-z])", (ROOT / "requirements.txt").read_text())
    for block in pinned[1:]:
        name, version = re.match(r"([\w.-]+)(?:\[\w+\])?==(\S+)", block).groups()
        about = metadata(name)
        licence = about["License-Expression"] or (about["License"] or "").split("\n")[0]
        known = [line.rsplit(" :: ", 1)[1] for line in about.get_all("Classifier", []) if "License" in line]
        licences = [LicenseFactory().make_from_string(licence or " and ".join(known) or "unknown")]
        purl = PackageURL("pypi", name=name, version=version)
        files = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(str(purl)),
            hashes=[HashTypeFactory().from_composite_str(one) for one in re.findall(r"sha256:\w{64}", block)],
        )
        yield Component(
            name=name,
            version=version,
            purl=purl,
            bom_ref=str(purl),
            licenses=licences,
            external_references=[files],
        )


def _images() -> Iterator[Component]:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    files = "".join((ROOT / name).read_text() for name in ("Dockerfile", "deploy/Dockerfile"))
    built = re.findall(r"^FROM (\S+)", files, re.MULTILINE)
    for image in sorted({*built, *(one["image"] for one in services if "build" not in one)}):
        name, _, version = image.partition(":")
        yield Component(name=name, version=version, type=ComponentType.CONTAINER, bom_ref=f"image:{image}")


def _debian_packages() -> Iterator[Component]:
    (names,) = re.findall(r"--no-install-recommends (.*?) \\", (ROOT / "deploy/Dockerfile").read_text())
    for name in names.split():
        yield Component(name=name, purl=PackageURL("deb", "debian", name), bom_ref=f"debian:{name}")


if __name__ == "__main__":
    sys.stdout.write(make_outputter(bill(), OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2) + "\n")
