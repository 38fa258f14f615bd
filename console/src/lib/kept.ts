// Small things a browser remembers between visits; one that may not is no reason to break.

export function recall(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // chosen again at the next visit
  }
}
