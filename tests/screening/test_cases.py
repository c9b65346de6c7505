"""The sheet of cases: each of them ends as it says, and what cannot be read of a sheet is told in words."""

import csv
import json
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from screening.cases import MOST_BYTES, MOST_PROBLEMS, MOST_ROWS, judge, read, read_file
from screening.own_cases import sheet_of
from screening.pathways.vertebral_cement import PATHWAY

SHEET = sheet_of(PATHWAY)
OURS = read_file(SHEET, PATHWAY)
PUBLISHED = json.loads(Path(__file__).with_name("pathway-examples.json").read_text(encoding="utf-8"))
LIKELY, REVIEW = "You may be a candidate", "A specialist needs to check a few things first"

# All five points are met; what it does not say is answered quietly.
TEXTBOOK = {
    "Case": "A1",
    "Who": "The textbook.",
    "Worst back pain in 7 days": "7",
    "Getting around": "I walk by myself",
    "How long in pain": "2 to 6 weeks",
    "How it began": "Nothing special happened",
    "Osteoporosis": "Yes",
    "Compression fracture": "Yes, a doctor told me so",
    "Height of the bone": "Yes, a doctor or report said so",
    "Treatments tried": "Back brace; Rest, or doing less",
    "Help from the back brace": "No",
    "Help from the rest": "A little, or not for long",
    "Result": LIKELY,
    "Priority": "P2",
    "Flags": "",
    "Why": "All five points are met.",
}


def sheet(*rows, **how):
    """The text of a sheet with the textbook in each row, but for what the row says."""
    text = StringIO()
    filled = [{**TEXTBOOK, "Case": f"A{number}", **row} for number, row in enumerate(rows, start=1)]
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in filled for name in row)), **how)
    writer.writeheader()
    writer.writerows(filled)
    return text.getvalue()


def told(text):
    return [str(one) for one in judge(read(text, PATHWAY).cases, PATHWAY)]


def test_our_own_sheet_can_be_read_and_has_the_published_cases():
    assert OURS.problems == ()
    assert {example["id"] for example in PUBLISHED} <= {case.name for case in OURS.cases}
    assert all(case.who and case.why for case in OURS.cases)


@pytest.mark.parametrize("case", OURS.cases, ids=lambda case: f"{case.name} {case.who}")
def test_each_case_ends_as_it_says(case):
    [judged] = judge([case], PATHWAY)

    assert judged.is_as_expected, str(judged)


@pytest.mark.parametrize("example", PUBLISHED, ids=lambda example: example["id"])
def test_a_published_case_says_the_same_in_the_sheet(example):
    [case] = [case for case in OURS.cases if case.name == example["id"]]

    answers = case.ending(PATHWAY).answers
    assert {key: answers[key] for key in answers if key in example["answers"]} == {
        key: answer for key, answer in example["answers"].items() if key in answers
    }
    assert (case.result.key, case.priority or None) == (example["expect"]["outcome"], example["expect"]["priority"])
    assert sorted(case.flags) == example["expect"]["flags"]


# A case that does not end as expected.


def test_a_case_that_ends_otherwise_says_what_was_expected_what_is_and_which_rule_decided():
    [words] = told(sheet({"Osteoporosis": "Not sure, or never tested"}))

    assert words == (
        f"Case A1: expected “{LIKELY}”, and the rule says “{REVIEW}”, "
        "because of number 4 of the rules: (not: all five met) or a doubt"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Priority": "P1"}, "expected priority P1, and the rule says priority P2"),
        ({"Priority": ""}, "expected no priority, and the rule says priority P2"),
        ({"Flags": "Myeloma"}, "expected the flag “Myeloma”, and the rule says no flag"),
        ({"Blood thinner": "Yes"}, "expected no flag, and the rule says the flag “Takes a blood thinner”"),
        (
            {"Warning signs": "Fever now (100.4°F / 38°C or more) or shaking chills"},
            "the rule says “Talk to a doctor or nurse today”; expected priority P2, and the rule says no priority, "
            "because of number 2 of what ends the check at once: Warning signs: ",
        ),
    ],
)
def test_priority_and_flags_are_compared_too(changes, words):
    assert words in told(sheet(changes))[0]


def test_what_the_sheet_has_no_column_for_is_not_compared():
    rows = [{name: cell for name, cell in TEXTBOOK.items() if name not in ("Priority", "Flags", "Who", "Why")}]
    text = "\n".join(",".join(f'"{cell}"' for cell in line) for line in (rows[0].keys(), rows[0].values()))

    assert told(text) == [f"Case A1: {LIKELY}, as expected"]


def test_answers_that_come_with_a_visit_request_raise_their_flags():
    where = {"Where it hurts": "Tailbone or buttocks", "Flags": "Tailbone or buttocks"}

    assert told(sheet(where)) == [f"Case A1: {LIKELY}, as expected"]


# What can be read.


@pytest.mark.parametrize(
    "changes",
    [
        {"Osteoporosis": "YES"},
        {"Osteoporosis": " yes "},
        {"Treatments tried": "brace; rest"},
        {"Treatments tried": "rest;BACK BRACE;"},
        {"Result": "likely_candidate"},
        {"Result": "you  may be a\u00a0candidate"},
        {"Priority": "p2"},
        {"Blood thinner": "Yes", "Flags": "takes a blood thinner"},
        {"Blood thinner": "Yes", "Flags": "blood_thinner_yes"},
        {"Blood thinner": "", "Warning signs": "", "Other things to know": ""},
        {"Blood thinner": "No", "Warning signs": "None of these", "Other things to know": "none"},
    ],
)
def test_answers_are_read_by_label_or_key_in_any_case_and_an_empty_one_is_the_quiet_one(changes):
    assert told(sheet(changes)) == [f"Case A1: {LIKELY}, as expected"]


@pytest.mark.parametrize(
    ("ours", "theirs"), [("Doctor’s “no”", 'doctor\'s "No"'), ('Doctor\'s "no"', "Doctor‘s „no”")]
)
def test_quotes_may_be_curly_or_straight(ours, theirs):
    flags = tuple(replace(flag, label=ours) if flag.key == "blood_thinner_yes" else flag for flag in PATHWAY.flags)

    found = read(sheet({"Flags": theirs}), replace(PATHWAY, flags=flags))

    assert (found.problems, found.cases[0].flags) == ((), {"blood_thinner_yes"})


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_sheet_may_come_from_any_spreadsheet(separator, mark, end):
    content = mark + sheet({}, {}, delimiter=separator, lineterminator=end).encode()

    assert told(content) == [f"Case A1: {LIKELY}, as expected", f"Case A2: {LIKELY}, as expected"]


def test_columns_may_be_named_by_key_and_empty_rows_and_columns_count_nothing():
    text = "\n;;\nresult;CASE;;pain\n;;;\nnot_matching;A1;;0\n"

    assert told(text) == ["Case A1: From your answers, this treatment is not the right one now, as expected"]


# What cannot be read is told, and nothing is guessed.


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"Osteoporosis": "Maybe"},
            "Row 2, column “Osteoporosis”: “Maybe” is not possible here. "
            "Possible: Yes; No, I was tested and I do not have it; Not sure, or never tested.",
        ),
        ({"Worst back pain in 7 days": "11"}, "“11” is not possible here. Possible: 0; 1; 2;"),
        (
            {"Treatments tried": "Back brace; Prayer"},
            "column “Treatments tried”: “Prayer” is not possible here.",
        ),
        (
            {"Treatments tried": "Back brace; None of these yet"},
            "is no answer to this question. These boxes do",
        ),
        ({"Result": "candidate"}, "Row 2, column “Result”: “candidate” is not possible here. Possible: Get medical"),
        ({"Result": ""}, "Row 2, column “Result”: It is empty. Possible: Get medical help now;"),
        ({"Priority": "P9"}, "Row 2, column “Priority”: “P9” is not possible here. Possible: P1; P2; P3."),
        ({"Flags": "Myeloma; Foo"}, "Row 2, column “Flags”: “Foo” is not possible here. Possible: Warning signs for"),
        ({"Case": ""}, "Row 2, column “Case”: It is empty."),
        ({"Blood": "Yes"}, "Row 1: “Blood” is no column of such a sheet. These are: Case, Who,"),
        ({"pain": "7"}, "Row 1: The column “Worst back pain in 7 days” is there twice."),
        ({"Year of the newest picture": "soon"}, "“soon” is no answer to this question. Enter a year"),
        ({"": "Yes"}, "Row 2: “Yes” stands in a column without a name."),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place_and_what_would_be_possible(changes, words):
    found = read(sheet(changes), PATHWAY)

    assert found.cases == ()
    assert [one for one in found.problems if words in one], found.problems


def test_one_unreadable_row_keeps_the_whole_sheet_out_and_rows_are_counted_as_in_a_spreadsheet():
    found = read(sheet({}, {"Osteoporosis": "Perhaps"}, {"Case": "A1"}), PATHWAY)

    assert found.cases == ()
    assert found.problems[0].startswith("Row 3, column “Osteoporosis”: “Perhaps”")
    assert found.problems[1] == "Row 4, column “Case”: “A1” stands in row 2 already."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "The sheet: There is no case in it."),
        ("Case,Result\n\n,\n", "The sheet: There is no case in it."),
        ("Osteoporosis\nYes", "The column “Case” is missing."),
        (sheet({}).encode("utf-16"), "Save it as UTF-8; in Excel, as “CSV UTF-8”."),
        (sheet({"Who": "Señora"}).encode("latin-1"), "Save it as UTF-8; in Excel, as “CSV UTF-8”."),
        ('Case,Result\n"A1,likely_candidate\n', "Line 2 of the sheet cannot be read as a table"),
        ("Case,Result,Who\nA1,likely_candidate," + "x" * 200_000, "Line 2 of the sheet cannot be read as a table"),
        ("Case,Result\nA\0,likely_candidate,\0", "Row 2"),
        (sheet(*[{}] * (MOST_ROWS + 1)), f"Row {MOST_ROWS + 2}: There are more than {MOST_ROWS} cases."),
        (b"x" * (MOST_BYTES + 1), "The sheet is too long: at most 500 kB can be read."),
        ("x," * 200, "Row 1 has 201 columns. At most 100 can be read."),
    ],
)
def test_whatever_is_given_is_answered_in_words(content, words):
    found = read(content, PATHWAY)

    assert found.cases == ()
    assert words in "\n".join(found.problems)


@pytest.mark.parametrize("cell", ["none;" * 90_000, "nonsense;" * 50_000, "a\n" * 40_000, '""' * 100_000])
def test_the_worst_sheet_costs_little_and_says_little(cell):
    text = f"Case,Result,Warning signs,Flags\n{'x,y,z,w' + chr(10)}" + f'A,likely_candidate,"{cell[:120_000]}",\n' * 4

    started = time.process_time()
    found = read(text[:MOST_BYTES], PATHWAY)

    # What costs the square takes many minutes.
    assert time.process_time() - started < 30
    assert 0 < len(found.problems) <= MOST_PROBLEMS + 1


def test_of_very_many_problems_only_the_first_are_told():
    found = read(sheet(*[{"Osteoporosis": "?", "Case": "A1", "Priority": "?"}] * 100), PATHWAY)

    assert len(found.problems) == MOST_PROBLEMS + 1
    assert found.problems[-1] == "There is more that cannot be read. Mend this first."


# The command.


def tried(capsys, *files):
    try:
        call_command("try_cases", *map(str, files))
    except CommandError as failure:
        return capsys.readouterr().out, str(failure), failure.returncode
    return capsys.readouterr().out, "", 0


def test_the_command_tries_our_own_cases(capsys):
    said, failure, status = tried(capsys)

    assert f"All {len(OURS.cases)} cases end as expected." in said
    assert "Case V18: A specialist needs to check a few things first, as expected." in said
    assert "Case N15: Get medical help now, as expected.\n  “Bleeding or clotting disorder” is not asked" in said
    assert (failure, status) == ("", 0)


def test_the_command_fails_if_a_case_ends_otherwise(capsys, tmp_path):
    (tmp_path / "own.csv").write_text(sheet({}, {"Result": REVIEW}), "utf-8")

    said, failure, status = tried(capsys, tmp_path / "own.csv")

    assert "Case A1: You may be a candidate, as expected." in said
    assert f"Case A2: expected “{REVIEW}”, and the rule says “{LIKELY}”" in said
    assert (failure, status) == ("Of 2 cases, 1 do not end as expected.", 1)


def test_the_command_says_what_it_took_for_empty_cells(capsys, tmp_path):
    (tmp_path / "own.csv").write_text(sheet({"How it began": "", "Flags": "big_accident"}), "utf-8")

    taken = "“How it began” is empty, so it is taken as “A big accident, like a car crash, or a fall from a height”."
    assert taken in tried(capsys, tmp_path / "own.csv")[0]


def test_the_command_says_what_it_cannot_read(capsys, tmp_path):
    (tmp_path / "own.csv").write_text(sheet({"Osteoporosis": "Maybe"}), "utf-8")

    assert "Row 2, column “Osteoporosis”: “Maybe”" in tried(capsys, tmp_path / "own.csv")[1]
    assert "cannot be read: No such file" in tried(capsys, tmp_path / "none.csv")[1]
    assert "cannot be read: Is a directory" in tried(capsys, tmp_path)[1]
