"""How static files are kept in production."""

import re

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

OWN = re.compile(r"upright/.*\.css")
# No text in our style sheets holds any of these.
COMMENT, BLANKS = re.compile(r"/\*.*?\*/", re.DOTALL), re.compile(r"\s+")
BLANKS_AROUND = re.compile(r" ?([{};]) ?|(?<=[:,]) ")


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Our style sheets go without comments and line breaks, which weigh as much as a page of patients can spare."""

    def _save(self, name: str, content: File) -> str:
        if OWN.fullmatch(name):
            css = COMMENT.sub("", b"".join(content.chunks()).decode())
            content = ContentFile(BLANKS_AROUND.sub(lambda found: found[1] or "", BLANKS.sub(" ", css)).encode())
        return super()._save(name, content)
