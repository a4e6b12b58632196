import type { DomainEvent, DomainEventCallback, DomainEventErrorCallback } from './types.js';

/** Whether a subscriber's pattern (`*`, `payment.*`, an exact name) covers an event. */
export function matchesPattern(pattern: string, eventName: string): boolean {
  if (pattern === '*') return true;
  if (pattern.endsWith('.*')) return eventName.startsWith(pattern.slice(0, -1));
  return pattern === eventName;
}

export interface DomainEventPollerConfig {
  /** Milliseconds between calls of the poll function. */
  pollIntervalMs?: number;
  maxEventsPerPoll?: number;
}

export interface PollerStats {
  pollCount: number;
  eventsProcessed: number;
  eventsFailed: number;
  subscriberCount: number;
  isRunning: boolean;
}

interface Subscription {
  id: number;
  pattern: string;
  callback: DomainEventCallback;
}

const pollers = new Set<InProcessDomainEventPoller>();

/** Hands an event of this process to every running poller. */
export function deliverLocally(event: DomainEvent): void {
  for (const poller of pollers) poller.feed(event);
}

/** Delivers events of this process to subscribers. The worker feeds it; a poll function of one's own is possible. */
export class InProcessDomainEventPoller {
  private readonly pollIntervalMs: number;
  private readonly maxEventsPerPoll: number;
  private subscriptions: Subscription[] = [];
  private errorCallbacks: DomainEventErrorCallback[] = [];
  private poll: (() => DomainEvent | null) | null = null;
  private timer: unknown = null;
  private nextId = 1;
  private readonly counts = { pollCount: 0, eventsProcessed: 0, eventsFailed: 0 };

  constructor(config: DomainEventPollerConfig = {}) {
    this.pollIntervalMs = config.pollIntervalMs ?? 10;
    this.maxEventsPerPoll = config.maxEventsPerPoll ?? 100;
  }

  /** Gives the id that ends the subscription. */
  subscribe(pattern: string, callback: DomainEventCallback): number {
    const id = this.nextId;
    this.nextId += 1;
    this.subscriptions.push({ id, pattern, callback });
    return id;
  }

  unsubscribe(id: number): boolean {
    const before = this.subscriptions.length;
    this.subscriptions = this.subscriptions.filter((subscription) => subscription.id !== id);
    return this.subscriptions.length < before;
  }

  onError(callback: DomainEventErrorCallback): void {
    this.errorCallbacks.push(callback);
  }

  /** Gives events until it gives null. */
  setPollFunction(poll: () => DomainEvent | null): void {
    this.poll = poll;
  }

  start(): void {
    if (this.isRunning) return;
    pollers.add(this);
    const timer: unknown = setInterval(() => this.pollOnce(), this.pollIntervalMs);
    (timer as { unref?: () => void }).unref?.();
    this.timer = timer;
  }

  stop(): void {
    pollers.delete(this);
    clearInterval(this.timer as number);
    this.timer = null;
  }

  get isRunning(): boolean {
    return pollers.has(this);
  }

  get stats(): PollerStats {
    return { ...this.counts, subscriberCount: this.subscriptions.length, isRunning: this.isRunning };
  }

  /** For the worker: one event. Subscribers run one after the other; an error of one is reported and the next runs. */
  feed(event: DomainEvent): void {
    for (const { pattern, callback } of [...this.subscriptions]) {
      if (matchesPattern(pattern, event.eventName)) void this.deliver(event, callback);
    }
  }

  private async deliver(event: DomainEvent, callback: DomainEventCallback): Promise<void> {
    try {
      await callback(event);
      this.counts.eventsProcessed += 1;
    } catch (error) {
      this.counts.eventsFailed += 1;
      if (this.errorCallbacks.length === 0) console.error(`a subscriber of ${event.eventName} failed: ${String(error)}`);
      for (const report of this.errorCallbacks) report(error as Error, event);
    }
  }

  private pollOnce(): void {
    if (this.poll === null) return;
    this.counts.pollCount += 1;
    for (let taken = 0; taken < this.maxEventsPerPoll; taken += 1) {
      const event = this.poll();
      if (event === null || event === undefined) return;
      this.feed(event);
    }
  }
}
