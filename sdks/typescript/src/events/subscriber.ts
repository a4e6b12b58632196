import { matchesPattern } from './poller.js';
import type { InProcessDomainEventPoller } from './poller.js';
import type { DomainEvent } from './types.js';

/** Listens to events of this process. */
export abstract class BaseSubscriber {
  private poller: InProcessDomainEventPoller | null = null;
  private ids: number[] = [];

  /** Patterns: `*`, `payment.*`, an exact name. */
  static subscribesTo(): string[] {
    return ['*'];
  }

  abstract handle(event: DomainEvent): void | Promise<void>;

  /** False skips the event. */
  beforeHandle(_event: DomainEvent): boolean | void {
    return undefined;
  }

  afterHandle(_event: DomainEvent): void {
    // for subclasses
  }

  onHandleError(event: DomainEvent, error: Error): void {
    console.error(`${this.constructor.name} failed on ${event.eventName}: ${error.message}`);
  }

  get subscriptions(): string[] {
    return (this.constructor as typeof BaseSubscriber).subscribesTo();
  }

  get active(): boolean {
    return this.poller !== null;
  }

  matches(eventName: string): boolean {
    return this.subscriptions.some((pattern) => matchesPattern(pattern, eventName));
  }

  start(poller: InProcessDomainEventPoller): void {
    if (this.active) return;
    this.poller = poller;
    // One subscription: overlapping patterns must not deliver an event twice.
    this.ids = [poller.subscribe('*', (event) => (this.matches(event.eventName) ? this.run(event) : undefined))];
  }

  stop(): void {
    for (const id of this.ids) this.poller?.unsubscribe(id);
    this.ids = [];
    this.poller = null;
  }

  private async run(event: DomainEvent): Promise<void> {
    if (this.beforeHandle(event) === false) return;
    try {
      await this.handle(event);
      this.afterHandle(event);
    } catch (error) {
      this.onHandleError(event, error as Error);
    }
  }
}

export interface SubscriberClass {
  new (): BaseSubscriber;
  subscribesTo(): string[];
}

export interface SubscriberStats {
  started: boolean;
  subscriberCount: number;
  activeCount: number;
  subscribers: Array<{ name: string; active: boolean; patterns: string[] }>;
}

/** The subscribers of the process. */
export class SubscriberRegistry {
  private static shared: SubscriberRegistry | null = null;
  private subscribers: BaseSubscriber[] = [];
  private poller: InProcessDomainEventPoller | null = null;

  static get instance(): SubscriberRegistry {
    SubscriberRegistry.shared ??= new SubscriberRegistry();
    return SubscriberRegistry.shared;
  }

  register(subscriberClass: SubscriberClass): BaseSubscriber {
    const made = new subscriberClass();
    this.registerInstance(made);
    return made;
  }

  registerInstance(subscriber: BaseSubscriber): void {
    this.subscribers.push(subscriber);
    if (this.poller !== null) subscriber.start(this.poller);
  }

  startAll(poller: InProcessDomainEventPoller): void {
    this.poller = poller;
    for (const subscriber of this.subscribers) subscriber.start(poller);
  }

  stopAll(): void {
    this.poller = null;
    for (const subscriber of this.subscribers) subscriber.stop();
  }

  get isStarted(): boolean {
    return this.poller !== null;
  }

  get count(): number {
    return this.subscribers.length;
  }

  get stats(): SubscriberStats {
    return {
      started: this.isStarted,
      subscriberCount: this.subscribers.length,
      activeCount: this.subscribers.filter(({ active }) => active).length,
      subscribers: this.subscribers.map((subscriber) => ({
        name: subscriber.constructor.name, active: subscriber.active, patterns: subscriber.subscriptions,
      })),
    };
  }

  /** Empty and stopped, for tests. */
  reset(): void {
    this.stopAll();
    this.subscribers = [];
  }
}
