/** The connection that consumes: step queues, and the worker's own queue for cancel notices and fetched pages. */
import { clearTimeout, setTimeout } from 'node:timers';
import type { Timer } from 'node:timers';

import type { AmqpChannel, AmqpMessage } from '../amqp/channel.js';
import type { ConnectionOptions } from '../amqp/connection.js';
import type { AmqpAddress } from '../amqp/url.js';
import type { Topology } from '../wire/names.js';
import { ReconnectingConnection } from './connection.js';
import type { ConnectionReports } from './connection.js';
import type { Delivery } from './job.js';

/** Longer than a message needs from the queue's process to ours on a loaded machine. */
const QUIET_MS = 100;

export interface ConsumerEvents {
  consumerUp(epoch: number): void;
  consumerDown(): void;
  consuming(): void;
  consumersCancelled(): void;
  delivered(delivery: Delivery): void;
  control(body: Uint8Array): void;
}

export interface ConsumerOptions {
  topology: Topology;
  queues: readonly string[];
  slots: number;
}

/** Declares the topology and consumes with one prefetch of `slots` per step queue. */
export class ConsumerConnection extends ReconnectingConnection {
  controlQueue: string | null = null;
  private readonly events: ConsumerEvents;
  private readonly what: ConsumerOptions;
  private readonly consumers = new Map<string, string>();
  private readonly unacked = new Map<string, Set<number>>();
  private tagNumber = 0;
  private unansweredCancels = 0;
  private stopping: Timer | null = null;
  private heard = false;
  private heldAcks: Delivery[] = [];

  constructor(
    events: ConsumerEvents,
    what: ConsumerOptions,
    address: AmqpAddress,
    options: ConnectionOptions,
    reports: ConnectionReports,
  ) {
    super(address, options, reports);
    this.events = events;
    this.what = what;
  }

  protected async setup(channel: AmqpChannel, step: (name: string) => void): Promise<void> {
    const { topology } = this.what;
    channel.onConsumerCancelled = () => this.abandon();
    this.consumers.clear();
    this.unansweredCancels = 0;
    step(`declare exchange ${topology.dead}`);
    await channel.declareExchange(topology.dead, 'fanout', { durable: true });
    step(`declare queue ${topology.dead}`);
    await channel.declareQueue(topology.dead, { durable: true, arguments: topology.deadArguments });
    step(`bind queue ${topology.dead}`);
    await channel.bindQueue(topology.dead, topology.dead);
    for (const queue of this.what.queues) {
      step(`declare queue ${topology.steps(queue)}`);
      await channel.declareQueue(topology.steps(queue), { durable: true, arguments: topology.stepArguments });
    }
    step(`declare exchange ${topology.control}`);
    await channel.declareExchange(topology.control, 'fanout', { durable: true });
    step("declare the worker's own queue");
    const own = (await channel.declareQueue('', { exclusive: true, autoDelete: true })).queue;
    this.controlQueue = own;
    step("bind the worker's own queue");
    await channel.bindQueue(own, topology.control);
    step("consume the worker's own queue");
    await channel.consume(own, 'tasker-own', { noAck: true, exclusive: true }, (message) => {
      this.events.control(message.body);
    });
    step('set the prefetch');
    await channel.qos(this.what.slots);
  }

  protected wentUp(): void {
    this.events.consumerUp(this.epoch);
  }

  protected wentDown(): void {
    this.consumers.clear();
    this.unacked.clear();
    this.heldAcks = [];
    clearTimeout(this.stopping);
    this.stopping = null;
    this.controlQueue = null;
    this.events.consumerDown();
  }

  /** One consumer per step queue; `consuming` follows when the broker has accepted all. */
  startConsuming(): void {
    const { channel } = this;
    if (channel === null || !channel.isOpen) return;
    if (this.stopping !== null) {
      // Not cancelled yet: the consumers simply stay.
      this.endStopping();
      this.events.consuming();
      return;
    }
    const started = this.what.queues.map((queue) => {
      const name = this.what.topology.steps(queue);
      this.tagNumber += 1;
      const tag = `tasker-${this.tagNumber}`;
      this.consumers.set(tag, name);
      this.unacked.set(tag, new Set());
      return channel.consume(name, tag, {}, this.receiver(tag, name));
    });
    // A refusal closes the channel, which is reported there.
    Promise.all(started).then(() => this.events.consuming(), () => undefined);
  }

  /**
   * Cancels all; `consumersCancelled` follows.
   *
   * A quorum queue assigns messages to a consumer before they reach the channel, and those on their way when the
   * consumer is cancelled come back later as redelivered although nobody saw them. So acks are held back, which dries
   * the flow up, and the cancel follows when all credit is used or nothing has come for a moment.
   */
  stopConsuming(): void {
    if (this.channel === null || !this.channel.isOpen || this.stopping !== null) return;
    this.heard = false;
    this.stopping = setTimeout(() => this.maybeCancel(), QUIET_MS);
    this.cancelWhenDry();
  }

  private maybeCancel(): void {
    if (this.heard) {
      this.heard = false;
      this.stopping = setTimeout(() => this.maybeCancel(), QUIET_MS);
    } else {
      this.cancelAll();
    }
  }

  private cancelWhenDry(): void {
    for (const tag of this.consumers.keys()) {
      if ((this.unacked.get(tag)?.size ?? 0) < this.what.slots) return;
    }
    this.cancelAll();
  }

  private cancelAll(): void {
    const { channel } = this;
    const tags = [...this.consumers.keys()];
    this.consumers.clear();
    if (channel === null || !channel.isOpen) return;
    this.unansweredCancels += tags.length;
    const epoch = this.epoch;
    for (const tag of tags) {
      channel.cancel(tag).then(() => {
        if (epoch !== this.epoch) return;
        this.unansweredCancels -= 1;
        if (this.unansweredCancels === 0) this.events.consumersCancelled();
      }, () => undefined);
    }
    this.endStopping();
  }

  private endStopping(): void {
    clearTimeout(this.stopping);
    this.stopping = null;
    for (const delivery of this.heldAcks.splice(0)) this.ack(delivery);
  }

  /** Acknowledges one delivery of the living connection. */
  ack(delivery: Delivery): void {
    const { channel } = this;
    if (channel === null || delivery.epoch !== this.epoch) return;
    if (this.stopping !== null) {
      this.heldAcks.push(delivery);
      return;
    }
    const unacked = this.unacked.get(delivery.consumer);
    if (unacked !== undefined) {
      unacked.delete(delivery.tag);
      if (unacked.size === 0 && !this.consumers.has(delivery.consumer)) this.unacked.delete(delivery.consumer);
    }
    if (channel.isOpen) channel.ack(delivery.tag);
  }

  private receiver(consumer: string, queue: string): (message: AmqpMessage) => void {
    const { epoch } = this;
    const unacked = this.unacked.get(consumer);
    return (message) => {
      const tag = message.fields['deliveryTag'] as number;
      const count = message.properties.headers?.['x-delivery-count'];
      unacked?.add(tag);
      this.events.delivered({
        epoch,
        tag,
        queue,
        consumer,
        body: message.body,
        redelivered: message.fields['redelivered'] as boolean,
        deliveryCount: typeof count === 'number' ? count : null,
        properties: message.properties,
      });
      if (this.stopping !== null) {
        this.heard = true;
        this.cancelWhenDry();
      }
    };
  }
}
