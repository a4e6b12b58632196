import type { ExecutableHandler } from '../handler/base.js';
import { hasResolverHint, normalizeToDefinition, usesMethodDispatch } from './definition.js';
import type { HandlerDefinition, HandlerSpec } from './definition.js';
import { ResolverNotFoundError } from './errors.js';
import { MethodDispatchWrapper } from './method-dispatch.js';
import { ClassLookupResolver, ExplicitMappingResolver } from './resolvers.js';
import type { BaseResolver, ResolverConfig } from './resolvers.js';

/** Resolvers in the order of their priority. */
export class ResolverChain {
  private static shared: Promise<ResolverChain> | null = null;
  private resolvers: BaseResolver[] = [];

  /** The chain shared by the process: explicit mapping and class lookup. */
  static default(): Promise<ResolverChain> {
    ResolverChain.shared ??= Promise.resolve(
      ResolverChain.withResolvers([new ExplicitMappingResolver(), new ClassLookupResolver()]),
    );
    return ResolverChain.shared;
  }

  static resetDefault(): void {
    ResolverChain.shared = null;
  }

  static withResolvers(list: BaseResolver[]): ResolverChain {
    const chain = new ResolverChain();
    for (const resolver of list) chain.addResolver(resolver);
    return chain;
  }

  /** Replaces one of the same name. */
  addResolver(resolver: BaseResolver): void {
    this.resolvers = [...this.resolvers.filter((known) => known.name !== resolver.name), resolver].sort(
      (a, b) => a.priority - b.priority,
    );
  }

  getResolver(name: string): BaseResolver | undefined {
    return this.resolvers.find((resolver) => resolver.name === name);
  }

  /** Names with priorities, in the order of asking. */
  listResolvers(): Array<[name: string, priority: number]> {
    return this.resolvers.map((resolver) => [resolver.name, resolver.priority]);
  }

  /** The resolvers themselves. */
  all(): readonly BaseResolver[] {
    return this.resolvers;
  }

  /**
   * The handler, wrapped when another method than `call` is wanted; null when nobody knows it. Throws
   * {@link ResolverNotFoundError} for an unknown hint and MethodDispatchError for an unknown method.
   */
  async resolve(spec: HandlerSpec, config?: ResolverConfig): Promise<ExecutableHandler | null> {
    const definition = normalizeToDefinition(spec);
    if (hasResolverHint(definition)) {
      const hinted = this.getResolver(definition.resolver as string);
      if (hinted === undefined) {
        throw new ResolverNotFoundError(definition.resolver as string, this.resolvers.map(({ name }) => name));
      }
      const handler = await hinted.resolve(definition, config);
      return handler === null ? null : this.wrapForMethodDispatch(handler, definition);
    }
    for (const resolver of this.resolvers) {
      if (!resolver.canResolve(definition, config)) continue;
      const handler = await resolver.resolve(definition, config);
      if (handler !== null) return this.wrapForMethodDispatch(handler, definition);
    }
    return null;
  }

  wrapForMethodDispatch(handler: ExecutableHandler, definition: HandlerDefinition): ExecutableHandler {
    return usesMethodDispatch(definition)
      ? new MethodDispatchWrapper(handler, definition.method as string)
      : handler;
  }
}
