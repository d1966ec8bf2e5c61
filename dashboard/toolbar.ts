import { button, el, setAttribute, setText } from "./dom.ts";

/** A field for words to look for; `/` leads to it. */
export function searchField(label: string, onChange: (text: string) => void): HTMLInputElement {
  const field = el("input", {
    type: "search",
    placeholder: label,
    "aria-label": label,
    "aria-keyshortcuts": "/",
    spellcheck: "false",
  });
  field.addEventListener("input", () => onChange(field.value.trim()));
  return field;
}

/** Shows what the address says, unless the reader is typing it. */
export function showSearch(field: HTMLInputElement, text: string | undefined): void {
  if (document.activeElement !== field) field.value = text ?? "";
}

/** A button that stops what comes in by itself, and lets it go on. */
export interface Pause {
  readonly node: HTMLButtonElement;
  readonly paused: boolean;
  toggle(): void;
}

export function pauseButton(onChange: (paused: boolean) => void): Pause {
  let paused = false;
  const pause: Pause = {
    node: button("Pause", () => pause.toggle(), { "aria-pressed": "false", "aria-keyshortcuts": "p" }),
    get paused() {
      return paused;
    },
    toggle() {
      paused = !paused;
      setAttribute(pause.node, "aria-pressed", String(paused));
      onChange(paused);
    },
  };
  return pause;
}

/** A choice of one service or all. */
export interface ServiceSelect {
  readonly node: HTMLElement;
  offer(services: readonly string[]): void;
  /** undefined is all. A name that is not offered yet is kept and chosen. */
  choose(service: string | undefined): void;
}

export function serviceSelect(onChange: (service: string) => void): ServiceSelect {
  const select = el("select", { "aria-label": "Service" });
  let offered: readonly string[] = [];
  let chosen = "";
  let shown = "none yet";
  const draw = (): void => {
    const options = ["", ...new Set([...offered, chosen].filter((name) => name !== ""))];
    if (shown !== options.join(" ")) {
      shown = options.join(" ");
      select.replaceChildren(...options.map((name) => el("option", { value: name }, name || "All services")));
    }
    select.value = chosen;
  };
  select.addEventListener("change", () => onChange(select.value));
  draw();
  return {
    node: select,
    offer(services) {
      offered = services;
      draw();
    },
    choose(service = "") {
      chosen = service;
      draw();
    },
  };
}

export function checkBox(
  label: string,
  onChange: (checked: boolean) => void,
): { readonly node: HTMLElement; show(checked: boolean): void } {
  const box = el("input", { type: "checkbox" });
  box.addEventListener("change", () => onChange(box.checked));
  return {
    node: el("label", { class: "check" }, box, label),
    show(checked) {
      box.checked = checked;
    },
  };
}

/** A row of controls; what follows `undefined` stands at its end. */
export function toolbar(...parts: readonly (Node | undefined)[]): HTMLElement {
  return el("div", { class: "bar" }, ...parts.map((part) => part ?? el("span", { class: "grow" })));
}

/** A short word about a number that changes by itself. */
export function note(): { readonly node: HTMLElement; show(text: string): void } {
  const node = el("span", { class: "soft" });
  return { node, show: (text) => setText(node, text) };
}
