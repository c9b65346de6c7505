# Starts the identity provider of the tests beside the demo, and points the demo to it: SSO_DEMO=1 make run
export SSO_ISSUER=http://localhost:8090 SSO_NAME="Example Health" SSO_CLIENT_ID=upright SSO_CLIENT_SECRET="for the demo only"
export SSO_GROUPS="staff-schedulers=Schedulers,staff-nurses=Nurses,staff-managers=Managers,staff-auditors=Auditors"
export SSO_SCOPES=profile,groups SSO_BREAK_GLASS=demo
mkdir -p var
cat >var/provider.json <<END
{
  "port": 8090,
  "client": {
    "client_id": "$SSO_CLIENT_ID", "client_secret": "$SSO_CLIENT_SECRET", "require_auth_time": true,
    "redirect_uris": ["$SITE_URL/admin/sso/back/"], "backchannel_logout_uri": "$SITE_URL/sso/logged-out/",
    "backchannel_logout_session_required": true
  },
  "people": {
    "scheduler": {"preferred_username": "scheduler@health.example", "groups": ["staff-schedulers"], "amr": ["mfa"]},
    "nurse": {"preferred_username": "nurse@health.example", "groups": ["staff-nurses"], "amr": ["mfa"]},
    "manager": {"preferred_username": "manager@health.example", "groups": ["staff-managers"], "amr": ["mfa"]},
    "auditor": {"preferred_username": "auditor@health.example", "groups": ["staff-auditors"], "amr": ["mfa"]},
    "nobody": {"preferred_username": "nobody@health.example", "groups": [], "amr": ["mfa"]}
  }
}
END
# It ends with its input, and that when this shell does.
while kill -0 $$ 2>/dev/null; do sleep 1; done |
    PATH="$PWD/var/judges/bin:$PATH" node tests/provider/provider.mjs "$PWD/var/judges" var/provider.json 2>/dev/null &
echo "Sign in with Example Health as scheduler, nurse, manager, auditor or nobody, each with any password."
