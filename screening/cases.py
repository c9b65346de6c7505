"""Cases that a clinician can read and add: a table of answers in words, with where each of them should lead.

Plain Python. A sheet is read whole or not at all: what cannot be read is told in words, and nothing is guessed.
"""

import csv
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from string import whitespace
from typing import TypeVar

from .questionnaire.assessment import Flag, Outcome, Priority
from .questionnaire.conditions import Answer, Answers
from .questionnaire.definition import Pathway
from .questionnaire.explanation import Ending
from .questionnaire.questions import InvalidAnswer, Question

MOST_ROWS, MOST_COLUMNS = 200, 100
MOST_BYTES = 500_000
# What is said about a sheet that has nothing to do with ours should not be longer than the sheet.
MOST_PROBLEMS = 50
LONGEST_QUOTED = 80

CASE, WHO, RESULT, PRIORITY, FLAGS, WHY = "Case", "Who", "Result", "Priority", "Flags", "Why"
NEEDED = (CASE, RESULT)
# Of spreadsheets in English, of those where the comma is for decimals, and of what is pasted from one.
SEPARATORS = ",;\t"
STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\u00a0": " "})

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """`priority` and `flags` are None where the sheet has no such column: then they are not compared."""

    name: str
    who: str
    given: Answers
    with_visit: Answers
    result: Outcome
    priority: str | None
    flags: frozenset[str] | None
    why: str

    def ending(self, pathway: Pathway) -> Ending:
        return Ending(pathway, self.given, self.with_visit)


@dataclass(frozen=True)
class Sheet:
    """`cases` is empty as long as there are `problems`."""

    cases: tuple[Case, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A case beside what the rule makes of it."""

    case: Case
    ending: Ending

    @cached_property
    def differences(self) -> tuple[str, ...]:
        """What ends otherwise than expected, in words; empty if nothing does."""
        case, ending = self.case, self.ending
        outcome, flags = ending.assessment.outcome, frozenset(flag.key for flag in ending.flags)
        priority = ending.priority.key if ending.priority else ""
        compared: list[tuple[str, str]] = []
        if case.result.key != outcome.key:
            compared.append((_quoted(case.result.title), _quoted(outcome.title)))
        if case.priority not in (None, priority):
            compared.append((_priority_in_words(case.priority), _priority_in_words(priority)))
        if case.flags not in (None, flags):
            named = ending.pathway.flags
            compared.append((_flags_in_words(named, case.flags), _flags_in_words(named, flags)))
        return tuple(f"expected {expected}, and the rule says {found}" for expected, found in compared)

    @property
    def is_as_expected(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        if self.is_as_expected:
            return f"Case {self.case.name}: {self.ending.assessment.outcome.title}, as expected"
        return f"Case {self.case.name}: {'; '.join(self.differences)}, because of {self.ending.in_words()}"

    def remarks(self) -> Iterator[str]:
        """What whoever wrote the case may not have meant."""
        for name in self.ending.needless:
            yield f"“{name}” is not asked on this way, so its answer does not count."
        for question in self.ending.pathway.questions:
            if question.key in self.ending.quiet:
                answer = "; ".join(question.in_words(self.ending.answers, str))
                yield f"“{question.name}” is empty, so it is taken as “{answer}”."


@dataclass(frozen=True)
class Compared:
    """One case under two versions; where one of them cannot take its answers, `after` or `before` says why."""

    case: Case
    before: str
    after: str

    @property
    def ends_otherwise(self) -> bool:
        return self.before != self.after


def compare_cases(cases: Sequence[Case], written_in: Pathway, before: Pathway, after: Pathway) -> list[Compared]:
    """An outcome has the name of the later version: another heading is no other ending."""
    names = {outcome.key: outcome.title for outcome in after.outcomes}
    return [
        Compared(case, *(_result_under(pathway, case, written_in, names) for pathway in (before, after)))
        for case in cases
    ]


def _result_under(pathway: Pathway, case: Case, written_in: Pathway, names: Mapping[str, str]) -> str:
    """Of the same answers, the quiet ones included; what one version asks with a visit counts there."""
    said = {**case.with_visit, **case.ending(written_in).answers, **case.given}
    of_the_check, of_the_visit = (
        {question.key: said[question.key] for question in questions if question.key in said}
        for questions in (pathway.questions, pathway.visit_questions)
    )
    ending = Ending(pathway, of_the_check, of_the_visit)
    outcome = ending.assessment.outcome
    asked = [*ending.journey.asked, *(pathway.visit_questions if outcome.offers_visit else ())]
    known = {question.key: question for question in (*written_in.questions, *written_in.visit_questions)}
    for question in asked:
        if question.key in said and not question.accepts(said[question.key]):
            values = {option.value for option in question.options}
            chosen = known[question.key].chosen(said)
            strange = [option.label for option in chosen if option.value not in values]
            labels = "; ".join(strange or [option.label for option in chosen])
            return f"cannot be answered: “{question.name}” has no “{labels}”"
    name = names.get(outcome.key, outcome.title)
    return f"{name}, {ending.priority.key}" if ending.priority else name


def judge(cases: Sequence[Case], pathway: Pathway) -> list[Judged]:
    return [Judged(case, case.ending(pathway)) for case in cases]


def read_file(path: Path, pathway: Pathway) -> Sheet:
    """Raises OSError where there is no such file."""
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    return read(content, pathway)


def read(content: bytes | str, pathway: Pathway) -> Sheet:
    """The cases of a sheet, or what cannot be read of it. Costs as much as the sheet is long."""
    reader = _Reader(pathway)
    try:
        cases = tuple(reader.cases(_text_of(content)))
    except _Unreadable as unreadable:
        return Sheet((), (str(unreadable),))
    if not cases and not reader.problems:
        reader.add(0, "", "There is no case in it.")
    return Sheet(() if reader.problems else cases, tuple(reader.problems))


class _Unreadable(ValueError):
    """Nothing of the sheet can be read; says why."""


def _text_of(content: bytes | str) -> str:
    if len(content) > MOST_BYTES:
        raise _Unreadable(f"The sheet is too long: at most {MOST_BYTES // 1000} kB can be read.")
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unreadable(
            "The letters of the sheet cannot be read. Save it as UTF-8; in Excel, as “CSV UTF-8”."
        ) from None


def _plain(words: str) -> str:
    """As it is compared: any case, any quotes, any space."""
    return " ".join(unicodedata.normalize("NFC", words).translate(STRAIGHT).casefold().split())


def _quoted(words: str) -> str:
    shown = " ".join(words.split())
    return f"“{shown[:LONGEST_QUOTED]}…”" if len(shown) > LONGEST_QUOTED else f"“{shown}”"


def _priority_in_words(key: str | None) -> str:
    return f"priority {key}" if key else "no priority"


def _flags_in_words(flags: Sequence[Flag], keys: frozenset[str] | None) -> str:
    names = [_quoted(flag.name()) for flag in flags if flag.key in (keys or ())]
    if not names:
        return "no flag"
    return f"the flag{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _names(things: Sequence[T], *names: Callable[[T], str]) -> dict[str, T]:
    """By each of their names, as they are compared. The first name is the surest."""
    found: dict[str, T] = {}
    for name in names:
        for thing in things:
            found.setdefault(_plain(name(thing)), thing)
    return found


class _Reader:
    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        self.problems: list[str] = []
        self.questions = {question.name: question for question in (*pathway.questions, *pathway.visit_questions)}
        self.of_the_visit = {question.key for question in pathway.visit_questions}
        self.columns = {_plain(name): name for name in (CASE, WHO, RESULT, PRIORITY, FLAGS, WHY)}
        self.columns |= {_plain(question.key): name for name, question in self.questions.items()}
        self.columns |= {_plain(name): name for name in self.questions}
        self.outcomes: dict[str, Outcome] = _names(pathway.outcomes, lambda it: it.title, lambda it: it.key)
        self.flags: dict[str, Flag] = _names(pathway.flags, lambda it: it.name(), lambda it: it.key)
        self.priorities: dict[str, Priority] = _names(pathway.priorities, lambda it: it.key)
        self.options = {
            name: _names(question.options, lambda it: it.label, lambda it: it.value)
            for name, question in self.questions.items()
        }

    def add(self, row: int, column: str, what: str) -> None:
        """Rows are counted as a spreadsheet does; the first has the names of the columns."""
        if len(self.problems) < MOST_PROBLEMS:
            where = f"Row {row}, column “{column}”" if column else f"Row {row}" if row else "The sheet"
            self.problems.append(f"{where}: {what}")
        elif len(self.problems) == MOST_PROBLEMS:
            self.problems.append("There is more that cannot be read. Mend this first.")

    def cases(self, text: str) -> Iterator[Case]:
        rows = enumerate(_rows(text, self._separator(text)), start=1)
        filled = ((number, cells) for number, cells in rows if any(cell.strip() for cell in cells))
        number, header = next(filled, (0, []))
        if not header:
            return
        columns = self._header(number, header)
        if self.problems:
            return
        seen: dict[str, int] = {}
        for count, (number, cells) in enumerate(filled, start=1):
            if count > MOST_ROWS:
                self.add(number, "", f"There are more than {MOST_ROWS} cases. Split the sheet.")
                return
            named = [*columns, *[""] * (len(cells) - len(columns))]
            nameless = (cell for cell, name in zip(cells, named, strict=False) if cell.strip() and not name)
            if lost := next(nameless, ""):
                self.add(number, "", f"{_quoted(lost)} stands in a column without a name.")
                continue
            row = dict.fromkeys(filter(None, columns), "")
            row |= {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}
            case = self._case(number, row)
            if case is None:
                continue
            if (first := seen.setdefault(_plain(case.name), number)) != number:
                self.add(number, CASE, f"{_quoted(case.name)} stands in row {first} already.")
            yield case

    def _separator(self, text: str) -> str:
        """The one by which the first line falls into columns that we know."""
        first = next(iter(text.lstrip(f"{whitespace}{SEPARATORS}").splitlines()), "")

        def known(separator: str) -> int:
            cells = next(csv.reader([first], delimiter=separator), [])
            return sum(_plain(cell) in self.columns for cell in cells)

        try:
            return max(SEPARATORS, key=known)
        except csv.Error as error:
            raise _Unreadable(f"The first row cannot be read as a table: {error}.") from None

    def _header(self, row: int, cells: Sequence[str]) -> list[str]:
        if len(cells) > MOST_COLUMNS:
            raise _Unreadable(f"Row {row} has {len(cells)} columns. At most {MOST_COLUMNS} can be read.")
        columns: list[str] = []
        possible = ", ".join(dict.fromkeys(self.columns.values()))
        for cell in cells:
            name = self.columns.get(_plain(cell), "")
            if cell.strip() and not name:
                self.add(row, "", f"{_quoted(cell)} is no column of such a sheet. These are: {possible}.")
            elif name and name in columns:
                self.add(row, "", f"The column {_quoted(name)} is there twice.")
            columns.append(name)
        for name in NEEDED:
            if name not in columns:
                self.add(row, "", f"The column {_quoted(name)} is missing.")
        return columns

    def _case(self, number: int, row: Mapping[str, str]) -> Case | None:
        before = len(self.problems)
        answers = {
            question.key: answer
            for name, question in self.questions.items()
            if (cell := row.get(name)) and (answer := self._answer(number, name, question, cell)) is not None
        }
        if not row[CASE]:
            self.add(number, CASE, "It is empty. Give each case a short name of its own.")
        result = self._one(number, RESULT, row[RESULT], self.outcomes, [it.title for it in self.pathway.outcomes])
        priority = flags = None
        if PRIORITY in row:
            keys = [it.key for it in self.pathway.priorities]
            found = self._one(number, PRIORITY, row[PRIORITY], self.priorities, keys) if row[PRIORITY] else None
            priority = found.key if found else ""
        if FLAGS in row:
            labels = [it.name() for it in self.pathway.flags]
            named = self._several(number, FLAGS, row[FLAGS], self.flags, labels)
            flags = frozenset(flag.key for flag in named)
        if len(self.problems) > before or result is None:
            return None
        return Case(
            row[CASE],
            row.get(WHO, ""),
            {key: answer for key, answer in answers.items() if key not in self.of_the_visit},
            {key: answer for key, answer in answers.items() if key in self.of_the_visit},
            result,
            priority,
            flags,
            row.get(WHY, ""),
        )

    def _answer(self, number: int, name: str, question: Question, cell: str) -> Answer | None:
        """None where it is no answer, which is then told."""
        values = [cell]
        if question.options:
            known, labels = self.options[name], [option.label for option in question.options]
            if question.takes_several:
                values = [option.value for option in self._several(number, name, cell, known, labels)]
            else:
                option = self._one(number, name, cell, known, labels)
                values = [option.value] if option else []
            if not values:
                return None
        try:
            return question.parse(values)
        except InvalidAnswer as invalid:
            self.add(number, name, f"{_quoted(cell)} is no answer to this question. {invalid}")
            return None

    def _one(self, number: int, name: str, cell: str, known: Mapping[str, T], possible: Sequence[str]) -> T | None:
        found = known.get(_plain(cell))
        if found is None:
            what = f"{_quoted(cell)} is not possible here" if cell else "It is empty"
            self.add(number, name, f"{what}. Possible: {'; '.join(possible)}.")
        return found

    def _several(self, number: int, name: str, cell: str, known: Mapping[str, T], possible: Sequence[str]) -> list[T]:
        """Empty where one of them is not known. A whole cell may be one, whatever is in it."""
        if (whole := known.get(_plain(cell))) is not None:
            return [whole]
        found = []
        for part in filter(str.strip, cell.split(";")):
            one = self._one(number, name, part.strip(), known, possible)
            if one is None:
                return []
            found.append(one)
        return found


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise _Unreadable(
            f"Line {reader.line_num} of the sheet cannot be read as a table: {error}. Look at its quotation marks."
        ) from None
