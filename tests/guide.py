"""The blocks of commands in the operator's guide, as they stand there.

Behind the three ticks stand the language and a name, and perhaps as whom it is done: ```sh restore-rows as owner
"""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs" / "operation.md", *sorted((ROOT / "docs" / "operation").glob("*.md"))]
FENCED = re.compile(r"^( *)```(\S+)(?: ([\w-]+))?(?: as (\w+))?\n(.*?)^\1```\n", re.MULTILINE | re.DOTALL)
# What Markdown shows as code all the same. In our lists text goes in by two or three.
NOT_FENCED = re.compile(r"(?<=\n\n) {4,}\S.*|```.*")


@dataclass(frozen=True)
class Block:
    page: str
    language: str
    name: str
    who: str
    text: str

    def filled(self, **words: str) -> str:
        """With these in the place of the words in capitals that the guide leaves to its reader."""
        text = self.text
        for capitals, word in words.items():
            text, count = re.subn(rf"\b{capitals}\b", lambda _, word=word: word, text)
            assert count, f"{self.page} says nothing of {capitals} in the block {self.name}"
        return text


def blocks() -> list[Block]:
    return [
        Block(page.name, language, name, who, dedent(text))
        for page in PAGES
        for _, language, name, who, text in FENCED.findall(page.read_text("utf-8"))
    ]


def block(name: str) -> Block:
    (found,) = (one for one in blocks() if one.name == name)
    return found


def not_fenced() -> list[str]:
    return [line for page in PAGES for line in NOT_FENCED.findall(FENCED.sub("\n", page.read_text("utf-8")))]
