import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Names of files: an editor says URIs and spells them its own way, everything else says absolute paths. */
export class Files {
  readonly #uris = new Map<string, string>();

  /** The path of a URI; a text that was never saved has a path of its own. */
  path(uri: string): string {
    const path = uri.startsWith("file:") ? fileURLToPath(uri) : resolve(uri);
    this.#uris.set(path, uri);
    return path;
  }

  /** The URI of a path, as the editor spelt it. */
  uri(path: string): string {
    return this.#uris.get(path) ?? pathToFileURL(path).href;
  }
}
