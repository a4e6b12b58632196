/** Milliseconds of a clock that never goes back. */
export function monotonic(): number {
  return globalThis.performance.now();
}
