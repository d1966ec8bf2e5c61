// Plain CommonJS for any Node: says in one line why newer Node is needed, before a newer syntax can fail.
"use strict";
var parts = process.versions.node.split(".").map(Number);
if (parts[0] < 24 || (parts[0] === 24 && parts[1] < 12)) {
  console.error(
    "tusker needs Node 24.12 or newer, and this script runs on " +
      process.versions.node +
      ". Run `npm ci` again without --ignore-scripts (it brings Node 26 by npm), or install Node 24.12+.",
  );
  process.exit(1);
}
