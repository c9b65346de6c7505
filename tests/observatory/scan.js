// Scans pages with the MDN HTTP Observatory and prints a line of JSON for each.
// Called with the folder it is installed in, host:port, and a file with [{path, cookie}, …].
//
// The package's own command always scans the front page at the usual ports. Its parts take a port and a path.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, site, listed] = process.argv.slice(2);
const [host, port] = site.split(":");
const observatory = `${folder}/node_modules/@mdn/mdn-http-observatory`;
const part = (name) => import(pathToFileURL(`${observatory}/src/${name}`).href);

// The list of sites that browsers know for HTTPS is downloaded when the package installs itself. Ours is on none.
const preloaded = `${observatory}/conf/hsts-preload.json`;
if (!existsSync(preloaded)) writeFileSync(preloaded, "{}");

const { retrieve } = await part("retriever/retriever.js");
const { ALL_TESTS } = await part("constants.js");
const { getGradeForScore, getScoreModifier } = await part("grader/grader.js");
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await part("grader/charts.js");

for (const { path, cookie } of JSON.parse(readFileSync(listed, "utf8"))) {
  const headers = cookie ? [`Cookie: ${cookie}`, "Accept: text/html"] : ["Accept: text/html"];
  const found = await retrieve(host, { httpPort: port, httpsPort: port, path, headers });
  const results = ALL_TESTS.map((test) => test(found));
  const modifiers = results.map((one) => getScoreModifier(one.result));
  const lost = modifiers.filter((one) => one < 0).reduce((sum, one) => sum + one, 100);
  const score = lost >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? modifiers.reduce((sum, one) => sum + one, 100) : lost;
  const failed = results.filter((one) => !one.pass).map((one) => `${one.constructor.name}: ${one.result}`);
  const judged = found.session.redirectHistory.at(-1)?.url.pathname;
  if (judged !== path) failed.push(`it led to ${judged}`);
  console.log(JSON.stringify({ path, status: found.responses.auto?.status, ...getGradeForScore(score), failed }));
}
