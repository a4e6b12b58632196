/** Polls until `look` gives something that is not null, undefined or false; fails with `what` after `seconds`. */
export async function eventually<T>(
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  what: string,
  seconds = 120,
  describe: () => string = () => '',
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}\n${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
