import { isHandlerClass } from '../handler/base.js';
import type { ExecutableHandler, StepHandlerClass } from '../handler/base.js';
import type { JsonObject } from '../json/value.js';
import { ResolverChain } from './chain.js';
import type { HandlerEntry, HandlerSpec } from './definition.js';
import { ResolutionError } from './errors.js';
import { ClassLookupResolver, ExplicitMappingResolver } from './resolvers.js';
import type { BaseResolver } from './resolvers.js';

const OWN_RESOLVERS = new Set(['explicit_mapping', 'class_lookup']);

/** The handlers of one worker. */
export class HandlerRegistry {
  private readonly explicit = new ExplicitMappingResolver();
  private readonly chain = ResolverChain.withResolvers([this.explicit, new ClassLookupResolver()]);
  private readonly listeners = new Set<() => void>();

  /** Nothing is left to do; older code awaits it. */
  async initialize(): Promise<void> {
    // handlers are usable from the constructor on
  }

  /** Registers a class, an instance or a factory; a name that is taken is replaced with a warning. */
  register(name: string, entry: HandlerEntry): void {
    if (typeof name !== 'string' || name === '') throw new TypeError('a handler needs a name');
    if (entry === null || (typeof entry !== 'function' && typeof (entry as ExecutableHandler)?.call !== 'function')) {
      throw new TypeError(`${name} is neither a handler class, nor a handler, nor a factory of handlers`);
    }
    if (this.explicit.names().includes(name)) {
      console.warn(`[HandlerRegistry] Overwriting handler: ${name}`);
    }
    this.explicit.register(name, entry);
    console.info(`[HandlerRegistry] Registered handler: ${name}`);
    this.changed();
  }

  /** A second name for a handler; explicit names win over it. */
  alias(name: string, entry: HandlerEntry): void {
    this.explicit.alias(name, entry);
    this.changed();
  }

  unregister(name: string): boolean {
    const known = this.explicit.unregister(name);
    if (known) this.changed();
    return known;
  }

  /** The handler, or null when there is none (or no such resolver or method). */
  async resolve(spec: HandlerSpec): Promise<ExecutableHandler | null> {
    try {
      return await this.chain.resolve(spec);
    } catch (error) {
      if (error instanceof ResolutionError) return null;
      throw error;
    }
  }

  /** A registered class or instance, without asking resolvers. */
  resolveSync(name: string): ExecutableHandler | null {
    const entry = this.explicit.get(name);
    if (entry === undefined) return null;
    if (isHandlerClass(entry)) return new entry();
    return typeof entry === 'function' ? null : entry;
  }

  getHandlerClass(name: string): StepHandlerClass | undefined {
    const entry = this.explicit.get(name);
    return isHandlerClass(entry) ? entry : undefined;
  }

  isRegistered(name: string): boolean {
    return this.explicit.has(name);
  }

  listHandlers(): string[] {
    return this.explicit.names();
  }

  handlerCount(): number {
    return this.explicit.names().length;
  }

  clear(): void {
    this.explicit.clear();
    this.changed();
  }

  addResolver(resolver: BaseResolver): void {
    this.chain.addResolver(resolver);
    this.changed();
  }

  getResolver(name: string): BaseResolver | undefined {
    return this.chain.getResolver(name);
  }

  listResolvers(): Array<[name: string, priority: number]> {
    return this.chain.listResolvers();
  }

  getResolverChain(): ResolverChain {
    return this.chain;
  }

  debugInfo(): JsonObject {
    return {
      handlers: this.listHandlers(),
      callables: this.explicit.registeredCallables(),
      resolvers: this.listResolvers(),
      handler_count: this.handlerCount(),
    };
  }

  /** Every name that a step may call a handler by, with the handler's version where it is known. */
  callableNames(): Array<{ callable: string; version: string | null }> {
    const names = new Map<string, string | null>();
    for (const resolver of this.chain.all()) {
      for (const callable of resolver.registeredCallables()) {
        if (!names.has(callable)) names.set(callable, this.versionOf(callable));
      }
    }
    return [...names].map(([callable, version]) => ({ callable, version }));
  }

  private versionOf(name: string): string | null {
    const entry = this.explicit.get(name);
    if (entry === undefined) return null;
    if (isHandlerClass(entry)) return entry.handlerVersion ?? '1.0.0';
    const version = (entry as { version?: unknown }).version;
    return typeof version === 'string' ? version : null;
  }

  /** Whether resolvers of the user's own may find more than {@link HandlerRegistry.callableNames}. */
  get hasOwnResolvers(): boolean {
    return this.chain.all().some((resolver) => !OWN_RESOLVERS.has(resolver.name));
  }

  /** Calls `listener` after every change. Returns how to end that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
