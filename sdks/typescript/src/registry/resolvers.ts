import { resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { handlerNameOf, isHandlerClass } from '../handler/base.js';
import type { ExecutableHandler } from '../handler/base.js';
import type { HandlerDefinition, HandlerEntry, HandlerFactory } from './definition.js';

/** Settings a resolver may be given. */
export type ResolverConfig = Record<string, unknown>;

/** Finds handlers for callables. Lower priorities are asked first. */
export interface BaseResolver {
  readonly name: string;
  readonly priority: number;
  canResolve(definition: HandlerDefinition, config?: ResolverConfig): boolean;
  resolve(definition: HandlerDefinition, config?: ResolverConfig): Promise<ExecutableHandler | null>;
  registeredCallables(): string[];
}

/** Makes a handler of what was registered. */
export async function instantiate(entry: HandlerEntry, definition: HandlerDefinition): Promise<ExecutableHandler> {
  if (isHandlerClass(entry)) return new entry();
  if (typeof entry === 'function') return (entry as HandlerFactory)(definition.initialization);
  return entry;
}

/** Names that were registered. */
export class ExplicitMappingResolver implements BaseResolver {
  readonly name: string;
  readonly priority = 10;
  private readonly entries = new Map<string, HandlerEntry>();
  private readonly aliases = new Map<string, HandlerEntry>();

  constructor(name = 'explicit_mapping') {
    this.name = name;
  }

  /** Registers under a name of its own. The class's name becomes an alias. */
  register(name: string, entry: HandlerEntry): void {
    this.entries.set(name, entry);
    if (isHandlerClass(entry)) this.alias((entry as { name: string }).name, entry);
  }

  /** A second name; it never displaces an explicit one and is not counted. */
  alias(name: string, entry: HandlerEntry): void {
    if (name !== '') this.aliases.set(name, entry);
  }

  unregister(name: string): boolean {
    const entry = this.entries.get(name);
    if (!this.entries.delete(name)) return false;
    for (const [alias, target] of [...this.aliases]) {
      if (target === entry && ![...this.entries.values()].includes(target)) this.aliases.delete(alias);
    }
    return true;
  }

  get(name: string): HandlerEntry | undefined {
    return this.entries.get(name) ?? this.aliases.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Without aliases. */
  names(): string[] {
    return [...this.entries.keys()];
  }

  clear(): void {
    this.entries.clear();
    this.aliases.clear();
  }

  canResolve(definition: HandlerDefinition): boolean {
    return this.has(definition.callable);
  }

  async resolve(definition: HandlerDefinition): Promise<ExecutableHandler | null> {
    const entry = this.get(definition.callable);
    return entry === undefined ? null : instantiate(entry, definition);
  }

  registeredCallables(): string[] {
    return [...new Set([...this.entries.keys(), ...this.aliases.keys()])];
  }
}

export interface RegistryResolverStatic {
  _name?: string;
  _priority?: number;
  pattern?: RegExp | null;
  prefix?: string | null;
}

/** Base of resolvers of one's own: set `pattern` or `prefix` and write `resolveHandler`. */
export abstract class RegistryResolver implements BaseResolver {
  static _name = 'registry';
  static _priority = 50;
  static pattern: RegExp | null = null;
  static prefix: string | null = null;

  private get statics(): RegistryResolverStatic {
    return this.constructor as unknown as RegistryResolverStatic;
  }

  get name(): string {
    return this.statics._name ?? this.constructor.name;
  }

  get priority(): number {
    return this.statics._priority ?? 50;
  }

  canResolve(definition: HandlerDefinition, _config?: ResolverConfig): boolean {
    return this.match(definition) !== null;
  }

  private match(definition: HandlerDefinition): RegExpExecArray | true | null {
    const { pattern, prefix } = this.statics;
    if (pattern) {
      // A global expression would continue where the last test ended.
      return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(definition.callable);
    }
    if (prefix) return definition.callable.startsWith(prefix) ? true : null;
    return null;
  }

  async resolve(definition: HandlerDefinition, config: ResolverConfig = {}): Promise<ExecutableHandler | null> {
    const match = this.match(definition);
    if (match === null) return null;
    return this.resolveHandler(definition, match === true ? null : match, config);
  }

  abstract resolveHandler(
    definition: HandlerDefinition, match: RegExpExecArray | null, config?: ResolverConfig,
  ): ExecutableHandler | null | Promise<ExecutableHandler | null>;

  registeredCallables(): string[] {
    return [];
  }
}

const IMPORTABLE = /^(\.\.?\/|@[^/]+\/)/;

/** Imports callables that are module paths: `./x.js`, `../x.js#Export`, `@scope/package#Export`. */
export class ClassLookupResolver implements BaseResolver {
  readonly name = 'class_lookup';
  readonly priority = 100;
  private readonly root: string;

  /** Relative paths count from `root`. */
  constructor(root: string = process.cwd()) {
    this.root = root;
  }

  canResolve(definition: HandlerDefinition): boolean {
    return IMPORTABLE.test(definition.callable);
  }

  async resolve(definition: HandlerDefinition): Promise<ExecutableHandler | null> {
    if (!this.canResolve(definition)) return null;
    const [path = '', exported] = definition.callable.split('#');
    const target = path.startsWith('.') ? pathToFileURL(resolvePath(this.root, path)).href : path;
    let module: Record<string, unknown>;
    try {
      module = (await import(target)) as Record<string, unknown>;
    } catch (error) {
      if (isMissing(error, path, target)) return null;
      throw error;
    }
    const found = exported === undefined ? firstHandler(module) : module[exported];
    return isHandlerClass(found) ? new found() : null;
  }

  registeredCallables(): string[] {
    return [];
  }
}

/** The module itself does not exist; one that lacks another module is a fault of its own. */
function isMissing(error: unknown, path: string, target: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'ERR_UNSUPPORTED_DIR_IMPORT') return false;
  const wanted = target.startsWith('file:') ? fileURLToPath(target) : path;
  return new RegExp("^[^']*'([^']*)'").exec(String(message))?.[1] === wanted;
}

function firstHandler(module: Record<string, unknown>): unknown {
  if (isHandlerClass(module['default'])) return module['default'];
  return Object.values(module).find((value) => isHandlerClass(value) && handlerNameOf(value) !== '');
}
