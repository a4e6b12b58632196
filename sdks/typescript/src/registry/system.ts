import { existsSync } from 'node:fs';

import type { ExecutableHandler, StepHandlerClass } from '../handler/base.js';
import type { JsonObject } from '../json/value.js';
import type { ResolverChain } from './chain.js';
import type { HandlerEntry, HandlerSpec } from './definition.js';
import { loadDirectory, loadPath } from './loading.js';
import { HandlerRegistry } from './registry.js';
import type { BaseResolver } from './resolvers.js';

/** A registry with what loads handlers into it. */
export class HandlerSystem {
  private readonly registry = new HandlerRegistry();
  private ready = false;

  get initialized(): boolean {
    return this.ready;
  }

  async initialize(): Promise<void> {
    await this.registry.initialize();
    this.ready = true;
  }

  /**
   * Loads a directory (or one file) and gives the number of handlers. Throws a LoadError for a module that cannot be
   * imported. `.ts` files need a Node that strips types.
   */
  async loadFromPath(path: string): Promise<number> {
    return loadPath(path, this.registry);
  }

  /** The same for the directory in `TYPESCRIPT_HANDLER_PATH`; 0 without it. */
  async loadFromEnv(): Promise<number> {
    const directory = process.env['TYPESCRIPT_HANDLER_PATH'];
    if (!directory) return 0;
    if (!existsSync(directory)) {
      console.warn(`TYPESCRIPT_HANDLER_PATH is '${directory}': there is no such directory`);
      return 0;
    }
    return loadDirectory(directory, this.registry);
  }

  register(name: string, entry: HandlerEntry): void {
    this.registry.register(name, entry);
  }

  unregister(name: string): boolean {
    return this.registry.unregister(name);
  }

  resolve(spec: HandlerSpec): Promise<ExecutableHandler | null> {
    return this.registry.resolve(spec);
  }

  getHandlerClass(name: string): StepHandlerClass | undefined {
    return this.registry.getHandlerClass(name);
  }

  isRegistered(name: string): boolean {
    return this.registry.isRegistered(name);
  }

  listHandlers(): string[] {
    return this.registry.listHandlers();
  }

  handlerCount(): number {
    return this.registry.handlerCount();
  }

  clear(): void {
    this.registry.clear();
  }

  addResolver(resolver: BaseResolver): void {
    this.registry.addResolver(resolver);
  }

  getResolver(name: string): BaseResolver | undefined {
    return this.registry.getResolver(name);
  }

  listResolvers(): Array<[name: string, priority: number]> {
    return this.registry.listResolvers();
  }

  getResolverChain(): ResolverChain {
    return this.registry.getResolverChain();
  }

  getRegistry(): HandlerRegistry {
    return this.registry;
  }

  debugInfo(): JsonObject {
    return { initialized: this.ready, ...this.registry.debugInfo() };
  }
}
