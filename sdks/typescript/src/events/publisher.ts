import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import { createDomainEvent } from './create.js';
import type { EventDeclaration, PublishContext, StepEventContext, StepResult } from './types.js';

/** What a publisher made of an event: its payload, or that it is not to be published. */
export type Prepared = { payload: any; metadata: JsonObject } | { suppressed: true };

/** Shapes the events of steps that name it in `publishes_events[].publisher`. Overwrite the hooks you need. */
export abstract class BasePublisher {
  abstract get publisherName(): string;

  /** The payload; by default the step's result. */
  transformPayload(stepResult: StepResult, _declaration?: EventDeclaration, _context?: StepEventContext): any {
    return stepResult.result ?? {};
  }

  /** False keeps the event from being published. */
  shouldPublish(_stepResult: StepResult, _declaration?: EventDeclaration, _context?: StepEventContext): boolean {
    return true;
  }

  additionalMetadata(_stepResult: StepResult, _declaration?: EventDeclaration, _context?: StepEventContext): JsonObject {
    return {};
  }

  /** False aborts. */
  beforePublish(_eventName: string, _payload: any, _metadata: JsonObject): boolean | void {
    return undefined;
  }

  afterPublish(_eventName: string, _payload: any, _metadata: JsonObject): void {
    // for subclasses
  }

  onPublishError(eventName: string, error: Error, _payload: any): void {
    console.error(`publishing the event ${eventName} failed: ${error.message}`);
  }

  /** Runs the hooks up to `beforePublish`. */
  prepare(eventName: string, stepResult: StepResult, declaration?: EventDeclaration, context?: StepEventContext): Prepared {
    if (!this.shouldPublish(stepResult, declaration, context)) return { suppressed: true };
    const payload: unknown = this.transformPayload(stepResult, declaration, context);
    const more = this.additionalMetadata(stepResult, declaration, context);
    const metadata = isObject(more) ? more : {};
    return this.beforePublish(eventName, payload, metadata) === false ? { suppressed: true } : { payload, metadata };
  }

  /** Runs all hooks and hands the event over. False when it was not published. */
  publish(ctx: PublishContext): boolean {
    const { eventName, stepResult, eventDeclaration, stepContext } = ctx;
    let payload: any = null;
    try {
      const prepared = this.prepare(eventName, stepResult, eventDeclaration, stepContext);
      if ('suppressed' in prepared) return false;
      payload = prepared.payload;
      ctx.emit?.(createDomainEvent({
        eventName, payload, stepResult, publisher: this.publisherName, metadata: prepared.metadata,
        ...(stepContext === undefined ? {} : { stepContext }),
      }));
      this.afterPublish(eventName, payload, prepared.metadata);
      return true;
    } catch (error) {
      this.onPublishError(eventName, error as Error, payload);
      return false;
    }
  }
}

/** Publishes the step's result as it is. */
export class DefaultPublisher extends BasePublisher {
  get publisherName(): string {
    return 'default';
  }
}

/** No publisher has this name. */
export class PublisherNotFoundError extends Error {
  override name = 'PublisherNotFoundError';
  constructor(name: string, known: string[]) {
    super(`there is no publisher '${name}' (known: ${known.join(', ') || 'none'})`);
  }
}

/** Publishers that templates need are missing. */
export class PublisherValidationError extends Error {
  override name = 'PublisherValidationError';
  readonly missing: string[];
  constructor(missing: string[]) {
    super(`these publishers are not registered: ${missing.join(', ')}`);
    this.missing = missing;
  }
}

/** The registry takes no more changes. */
export class RegistryFrozenError extends Error {
  override name = 'RegistryFrozenError';
  constructor() {
    super('the registry of publishers is frozen: register publishers before the worker starts');
  }
}

/** The name is taken. */
export class DuplicatePublisherError extends Error {
  override name = 'DuplicatePublisherError';
  constructor(name: string) {
    super(`there is a publisher '${name}' already`);
  }
}

/** The publishers of the process. */
export class PublisherRegistry {
  private static shared: PublisherRegistry | null = null;
  private readonly publishers = new Map<string, BasePublisher>();
  private readonly fallback = new DefaultPublisher();
  private frozen = false;

  static get instance(): PublisherRegistry {
    PublisherRegistry.shared ??= new PublisherRegistry();
    return PublisherRegistry.shared;
  }

  /** Throws {@link DuplicatePublisherError} or {@link RegistryFrozenError}. */
  register(publisher: BasePublisher): void {
    this.change();
    if (this.publishers.has(publisher.publisherName)) throw new DuplicatePublisherError(publisher.publisherName);
    this.publishers.set(publisher.publisherName, publisher);
  }

  get(name: string): BasePublisher | undefined {
    return this.publishers.get(name) ?? (name === 'default' ? this.fallback : undefined);
  }

  getOrDefault(name?: string): BasePublisher {
    return (name === undefined ? undefined : this.get(name)) ?? this.fallback;
  }

  /** Throws {@link PublisherNotFoundError}. */
  getStrict(name: string): BasePublisher {
    const found = this.get(name);
    if (found === undefined) throw new PublisherNotFoundError(name, this.registeredNames);
    return found;
  }

  isRegistered(name: string): boolean {
    return this.publishers.has(name);
  }

  get registeredNames(): string[] {
    return [...this.publishers.keys()];
  }

  get count(): number {
    return this.publishers.size;
  }

  get isEmpty(): boolean {
    return this.publishers.size === 0;
  }

  get isFrozen(): boolean {
    return this.frozen;
  }

  unregister(name: string): boolean {
    this.change();
    return this.publishers.delete(name);
  }

  clear(): void {
    this.change();
    this.publishers.clear();
  }

  /** Throws {@link PublisherValidationError} when one of the names is missing. */
  validateRequired(names: string[]): void {
    const missing = names.filter((name) => this.get(name) === undefined);
    if (missing.length > 0) throw new PublisherValidationError(missing);
  }

  freeze(): void {
    this.frozen = true;
  }

  /** Empty and not frozen, for tests. */
  reset(): void {
    this.frozen = false;
    this.publishers.clear();
  }

  private change(): void {
    if (this.frozen) throw new RegistryFrozenError();
  }
}
