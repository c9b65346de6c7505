"""The cases that stand beside a pathway, for a clinician to read and add to."""

from pathlib import Path

from .cases import Case, read_file
from .pathways import beside
from .questionnaire.definition import Pathway


def sheet_of(pathway: Pathway) -> Path:
    return beside(pathway, "cases.csv")


def own_cases(pathway: Pathway) -> tuple[Case, ...]:
    """None where there is no such sheet, or one that cannot be read."""
    return read_file(sheet_of(pathway), pathway).cases if sheet_of(pathway).exists() else ()


def own_sheet(pathway: Pathway) -> str:
    return sheet_of(pathway).read_text("utf-8") if sheet_of(pathway).exists() else ""
