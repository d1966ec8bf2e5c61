import type { Route } from "./route.ts";

/** One page of the dashboard. */
export interface View {
  readonly node: HTMLElement;
  readonly title: string;
  /** Comes into sight, or stays there with another address. */
  show(route: Route): void;
  /** Goes out of sight. */
  hide?(): void;
  /** A key that no field took; true when the view did something with it. */
  key?(event: KeyboardEvent): boolean;
}

/** What views may ask of the page around them. */
export interface Shell {
  go(route: Route, how?: "push" | "replace"): void;
  /** Tells the reader in passing; screen readers say it. */
  say(text: string): void;
}
