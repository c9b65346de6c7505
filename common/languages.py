"""The languages of the public pages: all that is told about each but its catalogue in locale/.

A new one is one entry here and its catalogue. Settings read this, so it is plain Python.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PhoneScript:
    """What staff say on the phone before they say what it is about. Filled in by `str.format`."""

    greeting: str
    check: str
    voicemail: str


@dataclass(frozen=True, kw_only=True)
class Language:
    """`hours` are the clinic's while none are known.

    `english_name` is what staff call it. `days` and `times` make words of opening hours. `date` is a date with its
    weekday and `time` a time of day, for Django, and `months` are what people type. `stop_words`, `start_words` and
    `help_words` are what they answer to a text. `plain` has the sentences of common/plain_page.py, by their English.
    """

    code: str
    name: str
    english_name: str
    direction: str = "ltr"
    hours: str
    days: str
    times: str
    noon: str
    date: str
    time: str = "TIME_FORMAT"
    writes_months_small: bool = False
    months: str = ""
    stop_words: frozenset[str] = frozenset()
    start_words: frozenset[str] = frozenset()
    help_words: frozenset[str] = frozenset()
    script: PhoneScript
    plain: Mapping[str, str] = field(default_factory=dict)

    @property
    def hours_variable(self) -> str:
        """Names the clinic's own words for its hours."""
        return "CLINIC_HOURS" if self.code == "en" else f"CLINIC_HOURS_{self.code.upper().replace('-', '_')}"

    @property
    def nurse_hours_variable(self) -> str:
        """Names the clinic's words for when its nurse line is open."""
        return self.hours_variable.replace("CLINIC", "NURSE_LINE")


ENGLISH = Language(
    code="en",
    name="English",
    english_name="English",
    hours="Monday to Friday, 8 am to 5 pm",
    days="{first} to {last}",
    times="{opens} to {closes}",
    noon="noon",
    date="l, F j, Y",
    months="january february march april may june july august september october november december",
    stop_words=frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}),
    start_words=frozenset({"start", "unstop"}),
    help_words=frozenset({"help", "info"}),
    script=PhoneScript(
        greeting="Hello, this is {own} from {clinic}. May I speak with {whom}?",
        check="Before we go on: can you tell me the patient’s date of birth?",
        voicemail="Hello, this is {own} from {clinic}. Please call us back at {phone}.",
    ),
)
SPANISH = Language(
    code="es",
    name="Español",
    english_name="Spanish",
    hours="de lunes a viernes, de 8 am a 5 pm",
    days="de {first} a {last}",
    times="de {opens} a {closes}",
    noon="12 pm",
    date=r"l j \d\e F \d\e Y",
    # As it is said here, and as the clinic's hours have it; Django counts to 24.
    time="g:i a",
    # Django writes them with a capital letter.
    writes_months_small=True,
    months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    stop_words=frozenset({"alto", "parar", "baja"}),
    start_words=frozenset({"alta"}),
    help_words=frozenset({"ayuda"}),
    script=PhoneScript(
        greeting="Hola, soy {own}, de {clinic}. ¿Puedo hablar con {whom}?",
        check="Antes de seguir, ¿me puede decir la fecha de nacimiento del paciente?",
        voicemail="Hola, soy {own}, de {clinic}. Por favor, llámenos al {phone}.",
    ),
    plain={
        "This address is not one of ours.": "Esta dirección no es nuestra.",
        "This page cannot do that.": "Esta página no puede hacer eso.",
        "This address is too long.": "Esta dirección es demasiado larga.",
        "This address is not valid.": "Esta dirección no es válida.",
        "Please send this form as UTF-8.": "Por favor, envíe este formulario en UTF-8.",
        "This address needs HTTPS.": "Esta dirección necesita HTTPS.",
        "The length of this form is not a number.": "La longitud de este formulario no es un número.",
        "This form is too large to be one of ours. Please go back and try again.": (
            "Este formulario es demasiado grande para ser nuestro. Por favor, vuelva atrás e inténtelo de nuevo."
        ),
        "We could not read what your browser sent.": "No pudimos leer lo que envió su navegador.",
        "This page is not open to you.": "Esta página no está abierta para usted.",
        "There is no such page.": "Esta página no existe.",
        "Something went wrong on our side. Please call us.": "Algo salió mal de nuestro lado. Por favor, llámenos.",
        "We cannot look that up right now. Please try again in a few minutes.": (
            "No podemos consultarlo ahora. Por favor, inténtelo de nuevo en unos minutos."
        ),
        "Tell us this number if you call:": "Díganos este número si llama:",
        "Start page": "Página de inicio",
    },
)

# The first is the one that everything is written in.
LANGUAGES = (ENGLISH, SPANISH)


def language_or_english(code: str | None) -> Language:
    """The language with that code, or English for one that we have no pages in."""
    return next((language for language in LANGUAGES if language.code == code), ENGLISH)
