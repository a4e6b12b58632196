/** The connection that publishes, with confirms and `mandatory`. */
import { randomUUID } from 'node:crypto';

import type { AmqpChannel, AmqpMessage } from '../amqp/channel.js';
import type { AmqpConnection, ConnectionOptions } from '../amqp/connection.js';
import type { AmqpTable } from '../amqp/fields.js';
import type { MessageProperties } from '../amqp/spec.js';
import type { AmqpAddress } from '../amqp/url.js';
import { safeText } from '../json/write.js';
import { ReconnectingConnection } from './connection.js';
import type { ConnectionReports } from './connection.js';
import type { Publication } from './job.js';

/** A copy must not carry these: they would route it elsewhere. */
const NOT_COPIED = new Set(['CC', 'BCC']);
const LONGEST_DETAIL = 2048;

export interface PublisherEvents {
  publisherUp(): void;
  publisherDown(): void;
  blocked(): void;
  unblocked(): void;
  confirmed(message: Publication): void;
  returned(message: Publication): void;
  nacked(message: Publication): void;
}

interface Unconfirmed {
  message: Publication;
  body: Buffer;
  returned: boolean;
}

/** Publishing has a connection of its own: a broker in alarm stops reading it, and acks must not wait for that. */
export class PublisherConnection extends ReconnectingConnection {
  private readonly events: PublisherEvents;
  private readonly appId: string;
  private unconfirmed = new Map<number, Unconfirmed>();

  constructor(
    events: PublisherEvents,
    appId: string,
    address: AmqpAddress,
    options: ConnectionOptions,
    reports: ConnectionReports,
  ) {
    super(address, options, reports);
    this.events = events;
    this.appId = appId;
  }

  protected override onConnection(connection: AmqpConnection): void {
    connection.onBlocked = () => this.events.blocked();
    connection.onUnblocked = () => this.events.unblocked();
  }

  protected async setup(channel: AmqpChannel, step: (name: string) => void): Promise<void> {
    this.unconfirmed = new Map();
    channel.onReturn = (message) => this.wasReturned(message);
    channel.onConfirm = (tag, multiple, nacked) => this.settleUpTo(tag, multiple, nacked);
    step('switch publisher confirms on');
    await channel.selectConfirms();
  }

  protected wentUp(): void {
    this.events.publisherUp();
  }

  protected wentDown(): void {
    this.unconfirmed = new Map();
    this.events.publisherDown();
  }

  /** Sends; when the channel is gone the loss is reported by `publisherDown`. */
  publish(message: Publication): void {
    const { channel } = this;
    if (channel === null || !channel.isOpen) return;
    if (message.messageId === null && message.purpose !== 'dead-letter') message.messageId = randomUUID();
    const body = typeof message.body === 'string' ? Buffer.from(message.body) : Buffer.from(message.body.buffer, message.body.byteOffset, message.body.length);
    const tag = this.write(channel, message, body);
    this.unconfirmed.set(tag, { message, body, returned: false });
  }

  private write(channel: AmqpChannel, message: Publication, body: Buffer): number {
    const properties = message.original === null ? this.properties(message) : copied(message);
    const options = { mandatory: true };
    try {
      return channel.publish(message.exchange, message.routingKey, body, properties, options);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // Foreign headers or ids that came in but cannot be written: the message matters more.
      const { correlationId: _correlationId, ...rest } = properties;
      return channel.publish(message.exchange, message.routingKey, body, { ...rest, headers: ownHeaders(message) }, options);
    }
  }

  private properties(message: Publication): MessageProperties {
    return {
      contentType: 'application/json',
      deliveryMode: message.persistent ? 2 : 1,
      type: message.type,
      appId: this.appId,
      timestamp: Math.floor(Date.now() / 1000),
      ...(message.messageId === null ? {} : { messageId: message.messageId }),
      ...(message.correlationId === null ? {} : { correlationId: message.correlationId }),
      ...(message.replyTo === null ? {} : { replyTo: message.replyTo }),
      ...(Object.keys(message.headers).length === 0 ? {} : { headers: message.headers }),
    };
  }

  private settleUpTo(tag: number, multiple: boolean, nacked: boolean): void {
    if (!multiple) {
      this.settle(tag, nacked);
      return;
    }
    for (const known of [...this.unconfirmed.keys()]) {
      if (known > tag) break;
      this.settle(known, nacked);
    }
  }

  private settle(tag: number, nacked: boolean): void {
    const entry = this.unconfirmed.get(tag);
    if (entry === undefined) return;
    this.unconfirmed.delete(tag);
    // An unroutable message is returned first and confirmed then.
    if (nacked) this.events.nacked(entry.message);
    else if (entry.returned) this.events.returned(entry.message);
    else this.events.confirmed(entry.message);
  }

  private wasReturned(message: AmqpMessage): void {
    for (const entry of this.unconfirmed.values()) {
      if (
        !entry.returned &&
        entry.message.routingKey === message.fields['routingKey'] &&
        entry.message.exchange === message.fields['exchange'] &&
        entry.body.equals(message.body)
      ) {
        entry.returned = true;
        return;
      }
    }
  }
}

/** The properties of a dead letter: those of the original, made persistent, without what must not be repeated. */
function copied(message: Publication): MessageProperties {
  const headers: AmqpTable = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (!NOT_COPIED.has(name)) headers[name] = value;
  }
  // user_id must name our own user, expiration would make the copy vanish.
  const { userId: _userId, expiration: _expiration, clusterId: _clusterId, ...kept } = message.original ?? {};
  return { ...kept, deliveryMode: 2, headers: { ...headers, ...ownHeaders(message) } };
}

function ownHeaders(message: Publication): AmqpTable {
  const headers: AmqpTable = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (name.startsWith('x-tasker-')) headers[name] = safeText(String(value), LONGEST_DETAIL);
  }
  return headers;
}
