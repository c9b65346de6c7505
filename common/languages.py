"""The languages of the public pages: all that is told about each but its catalogue in locale/.

A new one is one entry here and its catalogue. Settings read this, so it is plain Python.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PhoneScript:
    """What staff say on the phone before they say what it is about. Filled in by `str.format`."""

    greeting: str
    check: str
    voicemail: str


@dataclass(frozen=True, kw_only=True)
class Language:
    """`hours_variable` names the clinic's own words for its hours, and `hours` stand in while none are known.

    `days` and `times` make words of opening hours. `date` is a date with its weekday, for Django.
    """

    code: str
    name: str
    hours_variable: str
    hours: str
    days: str
    times: str
    noon: str
    date: str
    script: PhoneScript

    @property
    def nurse_hours_variable(self) -> str:
        """Names the clinic's words for when its nurse line is open."""
        return self.hours_variable.replace("CLINIC", "NURSE_LINE")


ENGLISH = Language(
    code="en",
    name="English",
    hours_variable="CLINIC_HOURS",
    hours="Monday to Friday, 8 am to 5 pm",
    days="{first} to {last}",
    times="{opens} to {closes}",
    noon="noon",
    date="l, F j, Y",
    script=PhoneScript(
        greeting="Hello, this is {own} from {clinic}. May I speak with {whom}?",
        check="Before we go on: can you tell me the patient’s date of birth?",
        voicemail="Hello, this is {own} from {clinic}. Please call us back at {phone}.",
    ),
)
SPANISH = Language(
    code="es",
    name="Español",
    hours_variable="CLINIC_HOURS_ES",
    hours="de lunes a viernes, de 8 am a 5 pm",
    days="de {first} a {last}",
    times="de {opens} a {closes}",
    noon="12 pm",
    date=r"l j \d\e F \d\e Y",
    script=PhoneScript(
        greeting="Hola, soy {own}, de {clinic}. ¿Puedo hablar con {whom}?",
        check="Antes de seguir, ¿me puede decir la fecha de nacimiento del paciente?",
        voicemail="Hola, soy {own}, de {clinic}. Por favor, llámenos al {phone}.",
    ),
)

# The first is the one that everything is written in.
LANGUAGES = (ENGLISH, SPANISH)


def language_or_english(code: str | None) -> Language:
    """The language with that code, or English for one that we have no pages in."""
    return next((language for language in LANGUAGES if language.code == code), ENGLISH)
