// A real OpenID Connect provider, with sign-in pages of its own: for the tests, and for SSO_DEMO=1 make run.
// Called with the folder it is installed in and a file of JSON: {port, client, people: {subject: claims}}, which is read
// again whenever somebody's claims are asked for. The password on its pages may be anything.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, file] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`).href);
const said = () => JSON.parse(readFileSync(file, "utf8"));
const { port, client } = said();

const provider = new Provider(`http://localhost:${port}`, {
  clients: [client],
  claims: {
    openid: ["sub", "sid", "amr"],
    profile: ["preferred_username", "given_name", "family_name"],
    groups: ["groups"],
  },
  // As many do: what is in no scope of the token is told at the address for it.
  conformIdTokenClaims: true,
  features: { backchannelLogout: { enabled: true } },
  // Its own way of asking refuses this machine, where all of us are here.
  fetch: (address, options) => fetch(address, { ...options, dispatcher: undefined }),
  pkce: { required: () => true },
  findAccount: (ctx, sub) => {
    const person = said().people[sub];
    return person && { accountId: sub, claims: () => ({ sub, ...person }) };
  },
  // It is the hospital's own, and asks nobody whether we may know who they are.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile groups");
    await grant.save();
    return grant;
  },
});

// Whoever started it may be gone without a word, and may have started it by way of another process.
process.stdin.resume().on("end", () => process.exit());
const server = provider.listen(port, "127.0.0.1", () => console.log(`ready ${server.address().port}`));
