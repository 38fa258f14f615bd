// Light or dark: as the browser is set, unless somebody chose. Applied before anything is drawn.

import { recall, remember } from "./kept";

const key = "kalends-theme";

export function applyTheme(theme = recall(key)): void {
  if (theme) document.documentElement.dataset["theme"] = theme;
}

/** Pages beside this one are turned with it. */
export function followTheme(): void {
  addEventListener("storage", (event) => {
    if (event.key === key && event.newValue) applyTheme(event.newValue);
  });
}

export function turnTheme(): void {
  const theme = document.documentElement.dataset["theme"];
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const next = dark ? "light" : "dark";
  applyTheme(next);
  remember(key, next);
}
