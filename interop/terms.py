"""What things of ours are called outside: addresses, codes, identifiers, extensions."""

import uuid

from django.conf import settings

LOINC = "http://loinc.org"
LANGUAGES = "urn:ietf:bcp:47"
VERSION_ALGORITHM = "http://hl7.org/fhir/StructureDefinition/artifact-versionAlgorithm"
OPTION_EXCLUSIVE = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
ITEM_CONTROL = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
ITEM_CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
INTERPRETER_REQUIRED = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"


def address(path: str) -> str:
    return f"{settings.SITE_URL}/fhir/{path}"


def system(name: str) -> str:
    """Of codes of our own: one for the answers to each question, one for outcomes, one for flags."""
    return address(f"CodeSystem/{name.replace('_', '-')}")


def control(code: str) -> dict:
    """How a renderer shows an item, if it heeds that."""
    concept = {"coding": [{"system": ITEM_CONTROLS, "code": code}]}
    return {"extension": [{"url": ITEM_CONTROL, "valueCodeableConcept": concept}]}


def identifier(kind: str, value: object) -> dict:
    return {"system": address(f"identifier/{kind}"), "value": str(value)}


def full_url(kind: str, key: object) -> str:
    """The same for the same thing whenever it is written."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address(f'{kind}/{key}'))}"
