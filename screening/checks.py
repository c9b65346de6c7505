"""What a deployment must be warned of."""

from django.core import checks

from .pathway import PATHWAY
from .sign_off import catalogue_fingerprint, current_sign_off, unreviewed_languages


@checks.register(deploy=True)
def clinical_sign_off(app_configs, **kwargs):
    if current_sign_off():
        return []
    return [
        checks.Warning(
            f"No clinician has signed off version {PATHWAY.version} of the pathway as it is now.",
            hint="Do not show it to real patients before. docs/clinic.md says how to record a signature.",
            id="screening.W001",
        )
    ]


@checks.register(deploy=True)
def translation_reviews(app_configs, **kwargs):
    return [
        checks.Warning(
            f"No translator has reviewed the language {code!r} as it is now ({catalogue_fingerprint(code)}).",
            hint="Do not offer it to real patients before. docs/clinic.md says how to record a review.",
            id="screening.W002",
        )
        for code in unreviewed_languages()
    ]
