"""One visitor's way through a pathway, worked out from their answers each time it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from .assessment import Assessment
from .conditions import Answer, Answers
from .definition import Pathway
from .questions import Page, Question


@dataclass(frozen=True)
class Journey:
    """Answers may hold anything: what is no answer to a question asked on this way is left out."""

    pathway: Pathway
    answers: Mapping[str, object]

    @cached_property
    def relevant_answers(self) -> Answers:
        """The answers that still count: one made irrelevant by an earlier one, or by a stop, is gone."""
        return self._way[0]

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The pages on this visitor's way as far as the answers show it, up to one that ends the check."""
        return tuple(self._way[1])

    @cached_property
    def _way(self) -> tuple[Answers, dict[Page, tuple[Question, ...]]]:
        """The answers that count, and what is asked on each page: a question depends on earlier pages only."""
        kept: dict[str, Answer] = {}
        pages: dict[Page, tuple[Question, ...]] = {}
        for page in self.pathway.pages:
            asked = tuple(question for question in page.questions if question.ask_if.holds(kept))
            if asked:
                pages[page] = asked
            for question in asked:
                answer = self.answers.get(question.key)
                if question.accepts(answer):
                    kept[question.key] = answer
            if page in self.pathway.emergency_pages and self.pathway.stopping_rule(kept):
                break
        return kept, pages

    @cached_property
    def asked(self) -> tuple[Question, ...]:
        """The questions on the pages of this visitor's way."""
        return tuple(question for page in self.pages for question in self.questions_on(page))

    def questions_on(self, page: Page) -> tuple[Question, ...]:
        return self._way[1].get(page, ())

    @cached_property
    def likely_length(self) -> int:
        """How many pages there will be if every page that may still be needed is."""
        return sum(any(self.may_ask(question) for question in page.questions) for page in self.pathway.pages)

    @cached_property
    def stopped(self) -> Assessment | None:
        """Why the check ends here and now, if it does."""
        return self.pathway.stop(self.relevant_answers)

    @cached_property
    def next_page(self) -> Page | None:
        """The first page with an open question, or None when the check is complete or stopped."""
        if self.stopped:
            return None
        return next((page for page in self.pages if not self._is_answered(page)), None)

    @property
    def is_complete(self) -> bool:
        return self.next_page is None and not self.stopped

    @cached_property
    def assessment(self) -> Assessment:
        """What the answers mean. Raises ValueError while the check is neither complete nor stopped."""
        if self.stopped:
            return self.stopped
        if not self.is_complete:
            raise ValueError("there are questions without an answer")
        return self.pathway.assess(self.relevant_answers)

    def can_visit(self, page: Page) -> bool:
        """Whether every page before this one on the way is answered."""
        if page not in self.pages:
            return False
        return all(self._is_answered(earlier) for earlier in self.pages[: self.pages.index(page)])

    def before(self, page: Page) -> Page | None:
        index = self.pages.index(page)
        return self.pages[index - 1] if index else None

    def after(self, page: Page) -> Page | None:
        index = self.pages.index(page)
        return self.pages[index + 1] if index + 1 < len(self.pages) else None

    def with_answers(self, answers: Mapping[str, object]) -> Journey:
        """The journey after these answers, less the earlier ones that they make irrelevant."""
        changed = Journey(self.pathway, {**self.relevant_answers, **answers})
        return Journey(self.pathway, changed.relevant_answers)

    def completed(self) -> Journey:
        """The journey with the quiet answer to each question that is still open: for demos, tests and samples."""
        journey = self
        while page := journey.next_page:
            quiet = {
                q.key: q.quiet_answer for q in journey.questions_on(page) if q.key not in journey.relevant_answers
            }
            journey = Journey(self.pathway, {**journey.answers, **quiet})
        return journey

    def may_ask(self, question: Question) -> bool:
        """Whether it is asked, or will be after some answer to a question that is still open."""
        asked = question.ask_if.holds(self.relevant_answers)
        still_open = not question.ask_if.about <= set(self.relevant_answers)
        return asked or (asked is None and still_open)

    def _is_answered(self, page: Page) -> bool:
        return all(question.key in self.relevant_answers for question in self.questions_on(page))
