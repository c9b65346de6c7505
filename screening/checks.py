"""What a deployment must be warned of."""

from django.core import checks

from .pathway import PATHWAY
from .sign_off import current_sign_off


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
