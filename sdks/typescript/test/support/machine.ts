/** The delivery machine with a link that records, and a clock that the test moves. */
import assert from 'node:assert/strict';

import type { ExecuteMessage } from '../../src/wire/execute.js';
import { parseJson } from '../../src/json/parse.js';
import type { JsonObject } from '../../src/json/value.js';
import { MessageWriter } from '../../src/wire/outgoing.js';
import { DeliveryMachine } from '../../src/worker/delivery.js';
import type { Link } from '../../src/worker/delivery.js';
import type { Delivery, Job, Publication } from '../../src/worker/job.js';
import type { StopReason } from '../../src/worker/stop-reason.js';
import { body, execute } from './messages.js';

export const WRITER = new MessageWriter({ id: 'w-1', language: 'typescript', sdk: 'tasker-typescript/test', hostname: 'host' });

export interface DeliveryFlags {
  redelivered?: boolean;
  deliveryCount?: number | null;
  messageId?: string;
  replyTo?: string;
}

/** One machine under test; connected by default. */
export class Bench implements Link {
  now = 100_000;
  sent: Publication[] = [];
  acked: number[] = [];
  started: Job[] = [];
  stops: Array<[string, StopReason]> = [];
  consumerChanges: string[] = [];
  unknownHandlers = new Set<string>();
  drainedCount = 0;
  unsent: Publication[] | null = null;
  epoch = 0;
  readonly machine: DeliveryMachine;
  private tag = 0;

  constructor(options: { slots?: number; queues?: number; connected?: boolean } = {}) {
    this.machine = new DeliveryMachine(this, WRITER, {
      slots: options.slots ?? 2,
      queues: options.queues ?? 1,
      replyQueue: () => 'own-queue',
      wall: () => 1_700_000_000_000 + this.now,
    });
    if (options.connected ?? true) {
      this.machine.publisherUp(this.now);
      this.consumerUp();
    }
  }

  publish(message: Publication): void {
    this.sent.push(message);
  }
  ack(delivery: Delivery): void {
    assert.equal(delivery.epoch, this.epoch, 'an ack on a connection that is gone');
    this.acked.push(delivery.tag);
  }
  knowsHandler(message: ExecuteMessage): boolean {
    return !this.unknownHandlers.has(message.callable);
  }
  startJob(job: Job): void {
    this.started.push(job);
  }
  stopJob(job: Job, reason: StopReason): void {
    this.stops.push([job.key, reason]);
  }
  settled(): void {
    // not looked at
  }
  abandoned(): void {
    // a log line
  }
  startConsuming(): void {
    this.consumerChanges.push('start');
  }
  stopConsuming(): void {
    this.consumerChanges.push('stop');
  }
  drained(): void {
    this.drainedCount += 1;
  }
  gaveUp(unsent: Publication[]): void {
    this.unsent = unsent;
  }

  // Driving

  consumerUp(): void {
    this.epoch += 1;
    this.machine.consumerUp(this.epoch, this.now);
  }

  consumerDown(): void {
    this.machine.consumerDown(this.now);
    this.epoch += 1000; // an ack from here on would be one on a dead connection
  }

  /** Hands over a message (bytes as they are); gives the delivery tag. */
  deliver(message: JsonObject | Uint8Array = execute(), flags: DeliveryFlags = {}): number {
    this.tag += 1;
    this.machine.delivered({
      epoch: this.epoch,
      tag: this.tag,
      queue: 'tasker.steps.default',
      consumer: 'c',
      body: message instanceof Uint8Array ? message : body(message),
      redelivered: flags.redelivered ?? false,
      deliveryCount: flags.deliveryCount ?? null,
      properties: {
        ...(flags.messageId === undefined ? {} : { messageId: flags.messageId }),
        ...(flags.replyTo === undefined ? {} : { replyTo: flags.replyTo }),
      },
    }, this.now);
    return this.tag;
  }

  /** The handler of a job returns; gives the publication of its result. */
  finish(job: Job | undefined, status: 'completed' | 'failed' = 'completed'): Publication {
    assert.ok(job?.message);
    const { message } = job;
    const answer = WRITER.result({
      dispatchId: message.dispatchId, taskUuid: message.taskUuid, stepUuid: message.stepUuid, status,
      completedAt: '2026-01-02T03:04:05.678Z',
    });
    const before = this.sent.length;
    this.machine.finished(job, answer, status === 'failed');
    return (this.sent.length > before ? this.sent.at(-1) : job.pending[0]) as Publication;
  }

  confirm(message: Publication = this.sent.at(-1) as Publication): void {
    this.machine.confirmed(message, this.now);
  }

  /** Lets time pass, waking the machine exactly when it asks for it. */
  advance(seconds: number): void {
    const until = this.now + seconds * 1000;
    while (this.machine.wakeAt <= until) {
      this.now = Math.max(this.now, this.machine.wakeAt);
      this.machine.tick(this.now);
    }
    this.now = until;
  }

  // Looking

  answers(): JsonObject[] {
    return this.sent.filter(({ purpose }) => purpose === 'answer').map(decoded);
  }

  heartbeats(): JsonObject[] {
    return this.sent.filter(({ purpose }) => purpose === 'heartbeat' || purpose === 'detach').map(decoded);
  }

  get last(): JsonObject {
    return decoded(this.sent.at(-1) as Publication);
  }

  count(message: Publication): number {
    return this.sent.filter((sent) => sent === message).length;
  }

  get consuming(): boolean {
    return this.consumerChanges.at(-1) === 'start';
  }
}

export function decoded(message: Publication): JsonObject {
  return parseJson(message.body) as JsonObject;
}
