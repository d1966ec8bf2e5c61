import { test } from "node:test";
import fc from "fast-check";
import { openFile } from "../../../test/support/lsp-file.ts";
import { nearlyTsk } from "../../../test/support/tsk-arbitrary.ts";
import { codeActions } from "./code-actions.ts";
import { complete } from "./complete.ts";
import { definition, references } from "./definition.ts";
import { diagnostics } from "./diagnostics.ts";
import { documentSymbols } from "./document-symbols.ts";
import { format } from "./format.ts";
import { hover } from "./hover.ts";
import { rename, renameable } from "./rename.ts";

test("whatever is typed, every question about every place of it has an answer", () => {
  fc.assert(
    fc.property(nearlyTsk, fc.array(fc.nat(200), { minLength: 1, maxLength: 8 }), (text, places) => {
      const { snapshot } = openFile(text.replaceAll("|", "/"));
      diagnostics(snapshot.project);
      documentSymbols(snapshot);
      format(snapshot);
      for (const place of places) {
        const offset = Math.min(place, text.length);
        for (const ask of [complete, hover, definition, references, renameable]) ask(snapshot, offset);
        rename(snapshot, offset, "other");
        codeActions(snapshot, { start: offset, end: Math.min(offset + 10, text.length) });
      }
    }),
    { numRuns: 150 },
  );
});
