import { el } from "./dom.ts";

/** A long list of which only the lines in sight are in the page. All lines have the same height. */
export interface Windowed {
  readonly node: HTMLElement;
  /** Shows `count` lines, made anew. */
  reset(count: number): void;
  /** Scrolls until the line is in sight. */
  reveal(at: number): void;
}

/** @param rowPx height of a line; style.css says the same of its class */
export function windowed(rowPx: number, make: (at: number) => HTMLElement, node: HTMLElement): Windowed {
  const space = el("div", { class: "space", role: "presentation" });
  const shown = new Map<number, HTMLElement>();
  let count = 0;
  node.append(space);
  const draw = (): void => {
    const first = Math.max(0, Math.floor(node.scrollTop / rowPx) - 8);
    const last = Math.min(count, Math.ceil((node.scrollTop + (node.clientHeight || 600)) / rowPx) + 8);
    for (const [at, row] of shown) {
      if (at >= first && at < last) continue;
      row.remove();
      shown.delete(at);
    }
    for (let at = first; at < last; at++) {
      if (shown.has(at)) continue;
      const row = make(at);
      row.style.top = `${at * rowPx}px`;
      shown.set(at, row);
      space.append(row);
    }
  };
  node.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(node);
  return {
    node,
    reset(next) {
      count = next;
      space.style.height = `${count * rowPx}px`;
      space.replaceChildren();
      shown.clear();
      draw();
    },
    reveal(at) {
      const [top, bottom] = [at * rowPx, (at + 1) * rowPx];
      if (top < node.scrollTop) node.scrollTop = top;
      else if (bottom > node.scrollTop + node.clientHeight) node.scrollTop = bottom - node.clientHeight;
      draw();
    },
  };
}
