/** Copies the members of a mixin's prototype (and those it inherits) that the target does not define itself. */
export function bindMembers<T extends object>(target: T, mixin: object): void {
  for (let source = mixin; source !== Object.prototype; source = Object.getPrototypeOf(source) as object) {
    for (const name of Object.getOwnPropertyNames(source)) {
      if (name === 'constructor' || name in target) continue;
      const descriptor = Object.getOwnPropertyDescriptor(source, name);
      if (descriptor !== undefined) {
        Object.defineProperty(target, name, { ...descriptor, enumerable: false, configurable: true });
      }
    }
  }
}
