"""Our keys, by which an EHR knows us: SMART Backend Services with `private_key_jwt`.

All are published, and the first signs. So a new one is put last, and first a day later; then the old one can go.
"""

import time
import uuid
from typing import Any

from django.conf import settings

ALGORITHMS = {"EC": "ES384", "RSA": "RS384"}
# The longest that SMART allows.
ASSERTION_SECONDS = 300
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# What of a key may be known to everybody.
PUBLIC = ("kty", "kid", "crv", "x", "y", "n", "e")


def public_keys() -> dict[str, Any]:
    return {
        "keys": [
            {**{name: key[name] for name in PUBLIC if name in key}, "use": "sig", "alg": ALGORITHMS[key["kty"]]}
            for key in settings.EHR_KEYS["keys"]
        ]
    }


def proof_of_ours() -> dict[str, str]:
    """What we ask for a token with. It counts once."""
    # Loaded when it is first needed, because most clinics send nothing.
    from joserfc import jwt
    from joserfc.jwk import import_key

    key = settings.EHR_KEYS["keys"][0]
    algorithm = ALGORITHMS[key["kty"]]
    claims = {
        "iss": settings.EHR_CLIENT_ID,
        "sub": settings.EHR_CLIENT_ID,
        "aud": settings.EHR_TOKEN_URL,
        "jti": str(uuid.uuid4()),
        "exp": int(time.time()) + ASSERTION_SECONDS,
    }
    header = {"alg": algorithm, "kid": key["kid"], "typ": "JWT"}
    return {
        "grant_type": "client_credentials",
        "scope": settings.EHR_SCOPES,
        "client_assertion_type": ASSERTION,
        "client_assertion": jwt.encode(header, claims, import_key(key), algorithms=[algorithm]),
    }
