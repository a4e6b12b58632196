/**
 * The delivery state machine: every worker obligation of the wire protocol's section 6, without I/O or clocks.
 *
 * Each input is a method; what is to be done goes to {@link Link}. The machine never blocks and never throws for what
 * the broker or a sender did. `now` is a monotonic clock in milliseconds.
 */
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import { isUuid, parseExecute, Unreadable } from '../wire/execute.js';
import type { ExecuteMessage } from '../wire/execute.js';
import { TYPE_FETCH, TYPE_HEARTBEAT, TYPE_RESULT } from '../wire/names.js';
import { timestamp } from '../wire/outgoing.js';
import type { MessageWriter, Progress } from '../wire/outgoing.js';
import { Job, publication } from './job.js';
import type { Delivery, Publication } from './job.js';
import type { StopReason } from './stop-reason.js';

const REMEMBERED = 10_000;
const CANCEL_MEMORY = 3_600_000;
const FULL_AFTER = 1000;
const FIRST_HEARTBEAT = 1000;
const PARKED_FOR = 10_000;
const RETURNED_PAUSE = 5000;
const NACKED_PAUSE = 500;
const PUBLISHER_PATIENCE = 5000;
const FETCH_PAUSE = 5000;
const GIVE_UP_AFTER_GRACE = 10_000;

/** What the machine asks of the world. */
export interface Link {
  /** Send; the outcome comes back through `confirmed`, `returned` or `nacked`, or the publisher is lost. */
  publish(message: Publication): void;
  /** Acknowledge on the connection the delivery came from; the machine checks that it lives. */
  ack(delivery: Delivery): void;
  /** False only when no slot needs to be taken to find that out. */
  knowsHandler(message: ExecuteMessage): boolean;
  /** Run the handler in a free slot; `finished` follows, never from inside this call. */
  startJob(job: Job): void;
  /** The handler should stop. */
  stopJob(job: Job, reason: StopReason): void;
  /** A step's answer is confirmed, or its dispatch is over without one. */
  settled(job: Job): void;
  /** A step is answered without having ended; for the log. */
  abandoned(message: ExecuteMessage, why: string): void;
  /** Consume all step queues. */
  startConsuming(): void;
  /** Cancel the consumers of all step queues; `consumersCancelled` follows. */
  stopConsuming(): void;
  /** Nothing is held any more after `drain`. */
  drained(): void;
  /** Grace and the time after it are over; these answers could not be sent. */
  gaveUp(unsent: Publication[]): void;
}

export interface MachineOptions {
  slots: number;
  queues?: number;
  deadExchange?: string;
  /** The worker's own queue, once it exists. */
  replyQueue?: () => string | null;
  /** Time limit in milliseconds of steps whose message sets none. */
  defaultTimeoutMs?: number | null;
  /** Milliseconds since the epoch. */
  wall: () => number;
}

/** Holds the dispatches of one process and decides about each. */
export class DeliveryMachine {
  readonly jobs = new Map<string, Job>();
  /** When `tick` is due. */
  wakeAt = Infinity;
  processedTotal = 0;
  failedTotal = 0;
  slotsUsed = 0;
  draining = false;
  consuming = false;
  /** Whether handlers still run although their steps were answered. */
  interrupted = false;
  private readonly link: Link;
  private readonly writer: MessageWriter;
  private readonly slots: number;
  private readonly deadExchange: string;
  private readonly replyQueue: () => string | null;
  private readonly defaultTimeoutMs: number | null;
  private readonly wall: () => number;
  /** Answers to what was never run take no slot; this bounds them while nothing can be confirmed. */
  private readonly mostJobs: number;
  private readonly answered = new Set<string>();
  private readonly cancelled = new Map<string, number>();
  private epoch: number | null = null;
  private publisher = false;
  private isBlocked = false;
  private suspended = true;
  private suspendAt: number | null = null;
  private full = false;
  private consumersAlive = false;
  private isDrained = false;
  private graceAt: number | null = null;
  private giveUpAt: number | null = null;

  constructor(link: Link, writer: MessageWriter, options: MachineOptions) {
    this.link = link;
    this.writer = writer;
    this.slots = options.slots;
    this.deadExchange = options.deadExchange ?? 'tasker.dead';
    this.replyQueue = options.replyQueue ?? (() => null);
    this.defaultTimeoutMs = options.defaultTimeoutMs ?? null;
    this.wall = options.wall;
    this.mostJobs = options.slots * (2 + 2 * (options.queues ?? 1));
  }

  /** The running steps as `worker.heartbeat` lists them. */
  running(): Array<{ dispatch_id: string; step_uuid: string; started_at: string }> {
    const list = [];
    for (const job of this.jobs.values()) {
      if (job.state === 'running' && job.message !== null) {
        list.push({
          dispatch_id: job.key,
          step_uuid: job.message.stepUuid,
          started_at: timestamp(job.startedWall ?? this.wall()),
        });
      }
    }
    return list;
  }

  // Connections

  /** The connection that consumes is ready; queues are declared. */
  consumerUp(epoch: number, now: number): void {
    this.epoch = epoch;
    this.heartbeatAll(now);
    this.updateConsuming();
  }

  /** That connection, its channel or a consumer on it is gone; so are all deliveries. */
  consumerDown(now: number): void {
    if (this.epoch === null) return;
    this.epoch = null;
    this.consuming = this.consumersAlive = false;
    for (const job of [...this.jobs.values()]) {
      job.deliveries = [];
      job.ackAt = null;
      job.detaching = null;
      if (job.message === null) {
        // The broker delivers it again and it is refused again; keeping this answer would double it.
        this.jobs.delete(job.key);
      } else if (job.state === 'waiting' || job.state === 'fetching') {
        this.release(job);
        job.fullAt = job.fetchAt = null;
        job.state = 'parked';
        job.parkedUntil = this.due(now + PARKED_FOR);
      }
    }
    this.heartbeatAll(now);
    this.checkDrained();
  }

  /** The connection that publishes is ready: everything kept is published again. */
  publisherUp(now: number): void {
    this.publisher = true;
    this.isBlocked = false;
    this.suspendAt = null;
    this.suspended = false;
    for (const job of [...this.jobs.values()]) {
      for (const message of [...job.pending]) this.send(message);
      if (job.state === 'fetching') this.ask(job, now);
    }
    this.heartbeatAll(now);
    this.updateConsuming();
  }

  /** That connection is gone with everything unconfirmed on it. */
  publisherDown(now: number): void {
    if (!this.publisher) return;
    this.publisher = false;
    this.isBlocked = false;
    this.suspendAt = this.due(now + PUBLISHER_PATIENCE);
    for (const job of this.jobs.values()) {
      for (const message of job.pending) {
        message.inFlight = false;
        message.retryAt = null;
      }
      if (job.detaching !== null) {
        job.detaching = null;
        job.ackAt = this.due(now + NACKED_PAUSE);
      }
    }
  }

  /** The broker refuses to read from publishers (memory or disk alarm). */
  blocked(now: number): void {
    if (this.isBlocked) return;
    this.isBlocked = true;
    this.suspendAt = this.due(now + PUBLISHER_PATIENCE);
  }

  unblocked(now: number): void {
    this.isBlocked = false;
    this.suspendAt = null;
    this.suspended = !this.publisher;
    this.heartbeatAll(now);
    this.updateConsuming();
  }

  /** The broker has confirmed that no further deliveries come. */
  consumersCancelled(): void {
    if (!this.consuming) this.consumersAlive = false;
    this.checkDrained();
  }

  // Deliveries

  /** A message from a step queue. The order of the checks is the protocol's. */
  delivered(delivery: Delivery, now: number): void {
    if (delivery.epoch !== this.epoch) return;
    let message: ExecuteMessage;
    try {
      message = parseExecute(delivery.body);
    } catch (error) {
      const detail = error instanceof Unreadable ? error : new Unreadable('invalid_message', String(error));
      this.refuse(delivery, detail);
      return;
    }
    // UUIDs are compared without regard to case.
    const key = message.dispatchId.toLowerCase();
    const known = this.jobs.get(key);
    if (known !== undefined) {
      this.adopt(known, delivery, now);
      return;
    }
    if (this.answered.delete(key)) {
      this.answered.add(key);
      this.link.ack(delivery);
      return;
    }
    message.traceHeaders = traceOf(delivery);
    const job = new Job(key, message, delivery, 'waiting');
    this.jobs.set(job.key, job);
    const count = delivery.deliveryCount;
    if (delivery.redelivered || (count !== null && count >= 1)) {
      this.abandon(job, 'redelivered', 'delivered before: another worker may have run it', count);
    } else if (this.draining) {
      this.abandon(job, 'worker_shutdown', 'the worker is shutting down');
    } else if (this.isCancelled(key, now)) {
      this.abandon(job, 'cancelled', 'cancelled before it was started');
    } else if (!this.link.knowsHandler(message)) {
      this.abandon(job, 'handler_not_found', handlerNotFound(message));
    } else {
      job.ackAt = this.due(now + message.ackDeadlineMs);
      this.tryStart(job, now);
    }
    if (this.jobs.size >= this.mostJobs) this.updateConsuming();
  }

  private adopt(job: Job, delivery: Delivery, now: number): void {
    job.deliveries.push(delivery);
    if (job.message !== null && job.state !== 'answered') {
      job.ackAt = this.due(now + job.message.ackDeadlineMs);
    }
    if (job.state === 'parked') {
      job.parkedUntil = null;
      job.state = 'waiting';
      this.tryStart(job, now);
    }
  }

  /** A copy for people, an answer where there is an address, and the ack after both confirms. */
  private refuse(delivery: Delivery, error: Unreadable): void {
    const job = new Job(`unreadable:${delivery.epoch}:${delivery.tag}`, null, delivery, 'answered');
    this.jobs.set(job.key, job);
    const { properties } = delivery;
    job.pending.push(publication({
      purpose: 'dead-letter',
      exchange: this.deadExchange,
      routingKey: '',
      body: delivery.body,
      type: '',
      headers: {
        ...properties.headers,
        'x-tasker-reason': error.reason,
        'x-tasker-detail': error.message,
        'x-tasker-origin': delivery.queue,
      },
      original: properties,
      job,
    }));
    const dispatchId = properties.messageId || error.dispatchId;
    const replyTo = properties.replyTo || error.replyTo;
    if (dispatchId && replyTo) {
      const body = this.writer.invalid(
        isUuid(dispatchId) ? dispatchId : null, error.errorType, error.message, this.wall(),
      );
      job.pending.push(publication({
        purpose: 'answer', routingKey: replyTo, body, type: TYPE_RESULT, messageId: dispatchId, job,
      }));
    }
    for (const message of [...job.pending]) this.send(message);
  }

  // Slots

  private tryStart(job: Job, now: number): void {
    if (this.slotsUsed >= this.slots) {
      job.fullAt = this.due(now + FULL_AFTER);
      return;
    }
    this.slotsUsed += 1;
    job.hasSlot = true;
    job.fullAt = null;
    if (job.message?.dependenciesOmitted === true) {
      job.state = 'fetching';
      this.ask(job, now);
    } else {
      this.run(job, now);
    }
  }

  private run(job: Job, now: number): void {
    const limit = job.message?.timeoutMs ?? this.defaultTimeoutMs;
    job.state = 'running';
    job.fetchAt = null;
    job.startedWall = this.wall();
    job.heartbeatAt = this.due(now + FIRST_HEARTBEAT);
    if (limit !== null) job.timeoutAt = this.due(now + limit);
    this.link.startJob(job);
  }

  private release(job: Job): void {
    if (!job.hasSlot) return;
    job.hasSlot = false;
    this.slotsUsed -= 1;
  }

  /** A slot became free: start what waits, then consume again. */
  private fill(now: number): void {
    if (this.slotsUsed < this.slots) {
      for (const job of [...this.jobs.values()]) {
        if (this.slotsUsed >= this.slots) break;
        if (job.state === 'waiting') this.tryStart(job, now);
      }
    }
    this.updateConsuming();
  }

  private becomeFull(): void {
    this.full = true;
    this.updateConsuming();
    for (const job of [...this.jobs.values()]) {
      if (job.state === 'waiting') this.abandon(job, 'worker_busy', 'every slot of the worker is busy');
    }
  }

  private updateConsuming(): void {
    if (this.full && this.slotsUsed < this.slots) this.full = false;
    const wanted =
      this.epoch !== null && !this.draining && !this.suspended && !this.full && this.jobs.size < this.mostJobs;
    if (wanted && !this.consuming) {
      this.consuming = this.consumersAlive = true;
      this.link.startConsuming();
    } else if (!wanted && this.consuming) {
      this.consuming = false;
      this.link.stopConsuming();
    }
  }

  // Claim-check

  private ask(job: Job, now: number): void {
    const { message } = job;
    if (message === null) return;
    job.fetchAt = this.due(now + FETCH_PAUSE);
    const replyTo = this.replyQueue();
    if (!this.publisher || this.isBlocked || replyTo === null) return;
    this.link.publish(publication({
      purpose: 'fetch',
      routingKey: message.replyTo,
      body: this.writer.fetch(message, job.fetchAfter),
      type: TYPE_FETCH,
      correlationId: message.correlationId,
      replyTo,
      headers: message.traceHeaders,
      persistent: false,
      job,
    }));
  }

  /** A `step.dependencies` page; one that was not asked for, or comes twice, changes nothing. */
  dependencies(page: JsonObject, now: number): void {
    const job = this.jobs.get(String(page['dispatch_id']).toLowerCase());
    if (job === undefined || job.state !== 'fetching' || job.message === null) return;
    if (page['gone'] === true) {
      this.settle(job, now);
      return;
    }
    const results: unknown = page['dependency_results'];
    if (!isObject(results)) return;
    Object.assign(job.message.dependencyResults, results);
    const after: unknown = page['next'];
    if (typeof after === 'string') {
      // A question is repeated when its answer is late, so an answer may come twice.
      if (!job.fetchSeen.has(after)) {
        job.fetchSeen.add(after);
        job.fetchAfter = after;
        this.ask(job, now);
      }
      return;
    }
    job.message.dependenciesOmitted = false;
    this.run(job, now);
  }

  // Answers

  /** The slot is done; `body` is the `step.result` to send. */
  finished(job: Job, body: string, failed: boolean): void {
    // Answered already when it was interrupted at the end of the grace period.
    if (this.jobs.get(job.key) !== job || job.state !== 'running') return;
    this.processedTotal += 1;
    if (failed) this.failedTotal += 1;
    this.answer(job, body);
  }

  private abandon(job: Job, why: string, text: string, deliveryCount: number | null = null): void {
    const { message } = job;
    if (message === null) return;
    const startedAt = job.state === 'running' ? job.startedWall : null;
    const body = this.writer.abandoned(message, why, text, this.wall(), { startedAt, deliveryCount });
    if (job.state !== 'running') this.release(job);
    this.link.abandoned(message, why);
    this.answer(job, body);
  }

  private answer(job: Job, body: string): void {
    const { message } = job;
    if (message === null) return;
    job.state = 'answered';
    job.fullAt = job.parkedUntil = job.heartbeatAt = job.timeoutAt = job.fetchAt = null;
    const answer = publication({
      purpose: 'answer',
      routingKey: message.replyTo,
      body,
      type: TYPE_RESULT,
      messageId: message.dispatchId,
      correlationId: message.correlationId,
      headers: message.traceHeaders,
      job,
    });
    job.pending.push(answer);
    this.send(answer);
  }

  private send(message: Publication): void {
    message.retryAt = null;
    if (this.publisher && !message.inFlight) {
      message.inFlight = true;
      this.link.publish(message);
    }
  }

  /** The broker has taken responsibility for a message. */
  confirmed(message: Publication, now: number): void {
    const { job } = message;
    if (job === null || this.jobs.get(job.key) !== job) return;
    message.inFlight = false;
    if (message.purpose === 'detach') {
      if (job.detaching === message) {
        job.detaching = null;
        job.ackAt = null;
        this.ackAll(job);
        this.updateConsuming();
      }
      return;
    }
    const index = job.pending.indexOf(message);
    if (index >= 0) {
      job.pending.splice(index, 1);
      if (job.pending.length === 0) this.settle(job, now);
    }
  }

  /** No queue of that name: not delivered. */
  returned(message: Publication, now: number): void {
    this.later(message, now + RETURNED_PAUSE);
  }

  /** The broker could not take it. */
  nacked(message: Publication, now: number): void {
    this.later(message, now + NACKED_PAUSE);
  }

  private later(message: Publication, moment: number): void {
    const { job } = message;
    if (job === null || this.jobs.get(job.key) !== job) return;
    message.inFlight = false;
    if (message.purpose === 'detach') {
      if (job.detaching === message) {
        job.detaching = null;
        job.ackAt = this.due(moment);
      }
    } else if (job.pending.includes(message)) {
      message.retryAt = this.due(moment);
    }
  }

  /** Nothing more to send for this dispatch: ack, remember, free the slot. */
  private settle(job: Job, now: number): void {
    this.ackAll(job);
    this.jobs.delete(job.key);
    this.release(job);
    if (job.message !== null) {
      this.answered.add(job.key);
      if (this.answered.size > REMEMBERED) this.answered.delete(first(this.answered));
    }
    this.link.settled(job);
    this.fill(now);
    this.checkDrained();
  }

  private ackAll(job: Job): void {
    for (const delivery of job.deliveries) {
      if (delivery.epoch === this.epoch) this.link.ack(delivery);
    }
    job.deliveries = [];
  }

  // Heartbeats, early acks, cancellation

  /** What the handler reported; travels with the next heartbeat. */
  progressed(job: Job, progress: Progress): void {
    if (job.state === 'running') job.progress = progress;
  }

  private heartbeatAll(now: number): void {
    for (const job of this.jobs.values()) {
      if (job.state === 'running') this.beat(job, now);
    }
  }

  private beat(job: Job, now: number): void {
    if (job.message === null) return;
    job.heartbeatAt = this.due(now + job.message.heartbeatIntervalMs);
    if (this.publisher && !this.isBlocked) {
      this.link.publish(this.heartbeat(job, job.message, 'heartbeat', job.detached));
    }
  }

  private heartbeat(job: Job, message: ExecuteMessage, purpose: 'heartbeat' | 'detach', detached: boolean): Publication {
    job.sequence += 1;
    const body = this.writer.heartbeat(message, {
      startedAt: job.startedWall, sequence: job.sequence, detached, progress: job.progress,
    });
    return publication({
      purpose,
      routingKey: message.replyTo,
      body,
      type: TYPE_HEARTBEAT,
      correlationId: message.correlationId,
      headers: message.traceHeaders,
      persistent: purpose === 'detach',
      job,
    });
  }

  /** Held for too long: say so, ack once that is confirmed, run on. */
  private detach(job: Job, now: number): void {
    job.ackAt = null;
    if (job.detached || job.message === null) return;
    if (!this.publisher || this.isBlocked) {
      job.ackAt = this.due(now + NACKED_PAUSE);
      return;
    }
    if (this.slotsUsed >= this.slots) {
      this.full = true;
      this.updateConsuming();
    }
    job.detaching = this.heartbeat(job, job.message, 'detach', true);
    job.detaching.inFlight = true;
    this.link.publish(job.detaching);
  }

  /** A cancel notice; unknown ids are remembered, as the delivery may still come. */
  cancel(id: string, now: number): void {
    const dispatchId = id.toLowerCase();
    const job = this.jobs.get(dispatchId);
    if (job === undefined) {
      this.cancelled.delete(dispatchId);
      this.cancelled.set(dispatchId, now + CANCEL_MEMORY);
      if (this.cancelled.size > REMEMBERED) this.cancelled.delete(first(this.cancelled.keys()));
    } else if (job.state === 'waiting' || job.state === 'parked' || job.state === 'fetching') {
      this.abandon(job, 'cancelled', 'cancelled before it was started');
      this.fill(now);
    } else if (job.state === 'running') {
      this.link.stopJob(job, 'cancelled');
    }
  }

  private isCancelled(dispatchId: string, now: number): boolean {
    const until = this.cancelled.get(dispatchId);
    return until !== undefined && now < until;
  }

  // Leaving

  /** Takes no more work, answers what was not started, gives running handlers `grace` milliseconds. */
  drain(now: number, grace: number): void {
    if (this.draining) return;
    this.draining = true;
    this.updateConsuming();
    for (const job of [...this.jobs.values()]) {
      if (job.state === 'waiting' || job.state === 'parked' || job.state === 'fetching') {
        this.abandon(job, 'worker_shutdown', 'the worker is shutting down');
      }
    }
    this.graceAt = this.due(now + grace);
    this.giveUpAt = this.due(now + grace + GIVE_UP_AFTER_GRACE);
    this.checkDrained();
  }

  private interrupt(): void {
    for (const job of [...this.jobs.values()]) {
      if (job.state !== 'running') continue;
      this.interrupted = true;
      this.abandon(job, 'interrupted', 'the worker had to leave before the handler was done');
      this.link.stopJob(job, 'interrupted');
    }
  }

  private checkDrained(): void {
    if (!this.draining || this.isDrained || this.jobs.size > 0 || this.consumersAlive) return;
    this.isDrained = true;
    this.giveUpAt = this.graceAt = null;
    this.link.drained();
  }

  // Time

  private due(moment: number): number {
    if (moment < this.wakeAt) this.wakeAt = moment;
    return moment;
  }

  /** Does what is due; call it no later than `wakeAt`. */
  tick(now: number): void {
    this.wakeAt = Infinity;
    if (isDue(this.suspendAt, now)) {
      this.suspendAt = null;
      this.suspended = true;
      this.updateConsuming();
    }
    if (isDue(this.graceAt, now)) {
      this.graceAt = null;
      this.interrupt();
    }
    if (isDue(this.giveUpAt, now)) {
      this.giveUpAt = null;
      this.isDrained = true;
      this.link.gaveUp([...this.jobs.values()].flatMap((job) => job.pending));
    }
    for (const job of [...this.jobs.values()]) {
      if (job.nextDue() <= now && this.jobs.get(job.key) === job) this.tickJob(job, now);
    }
    for (const moment of [this.suspendAt, this.graceAt, this.giveUpAt]) {
      if (moment !== null) this.due(moment);
    }
    for (const job of this.jobs.values()) this.due(job.nextDue());
  }

  private tickJob(job: Job, now: number): void {
    for (const message of [...job.pending]) {
      if (isDue(message.retryAt, now)) this.send(message);
    }
    if (isDue(job.ackAt, now)) this.detach(job, now);
    if (isDue(job.heartbeatAt, now)) this.beat(job, now);
    if (isDue(job.timeoutAt, now)) {
      job.timeoutAt = null;
      this.link.stopJob(job, 'timeout');
    }
    if (isDue(job.fetchAt, now)) this.ask(job, now);
    if (isDue(job.fullAt, now)) {
      job.fullAt = null;
      if (job.state === 'waiting') this.becomeFull();
    }
    if (isDue(job.parkedUntil, now)) {
      job.parkedUntil = null;
      this.jobs.delete(job.key);
      this.updateConsuming();
      this.checkDrained();
    }
  }
}

function isDue(moment: number | null, now: number): boolean {
  return moment !== null && moment <= now;
}

function first<T>(values: Iterable<T>): T {
  for (const value of values) return value;
  throw new RangeError('empty');
}

function traceOf(delivery: Delivery): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of ['traceparent', 'tracestate']) {
    const value = delivery.properties.headers?.[name];
    if (typeof value === 'string') found[name] = value;
  }
  return found;
}

function handlerNotFound(message: ExecuteMessage): string {
  let name = message.callable;
  if (message.method !== null) name += ` (method ${message.method})`;
  if (message.resolver !== null) name += ` (resolver ${message.resolver})`;
  return `this worker has no handler ${name}`;
}
