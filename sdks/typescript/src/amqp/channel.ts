import { clearTimeout, setTimeout } from 'node:timers';
import type { Timer } from 'node:timers';

import type { AmqpConnection } from './connection.js';
import { AmqpCloseError, AmqpError, AmqpProtocolError } from './errors.js';
import type { AmqpTable } from './fields.js';
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD } from './frames.js';
import type { Frame } from './frames.js';
import { readHeader, readMethod, writeHeader, writeMethod } from './spec.js';
import type { MessageProperties, Method } from './spec.js';

/** A message with its content. */
export interface AmqpMessage {
  fields: Record<string, any>;
  properties: MessageProperties;
  body: Buffer;
}

interface Request {
  expected: string[];
  resolve: (answer: Method | AmqpMessage) => void;
  reject: (error: Error) => void;
  timer: Timer;
}

/** One channel. Requests are answered in order; content and confirms come through the callbacks. */
export class AmqpChannel {
  readonly number: number;
  onReturn: (message: AmqpMessage) => void = () => undefined;
  /** `nacked` = the broker could not take it; `multiple` = all up to this tag. */
  onConfirm: (tag: number, multiple: boolean, nacked: boolean) => void = () => undefined;
  /** The broker ended a consumer, because its queue was deleted or its node left. */
  onConsumerCancelled: (consumerTag: string) => void = () => undefined;
  onClose: (reason: Error) => void = () => undefined;
  private readonly connection: AmqpConnection;
  private readonly consumers = new Map<string, (message: AmqpMessage) => void>();
  private readonly requests: Request[] = [];
  private state: 'open' | 'closing' | 'closed' = 'open';
  private content: { method: Method; header: ReturnType<typeof readHeader> | null; parts: Buffer[]; size: number } | null =
    null;
  private published = 0;

  constructor(connection: AmqpConnection, number: number) {
    this.connection = connection;
    this.number = number;
  }

  get isOpen(): boolean {
    return this.state === 'open' && this.connection.isOpen;
  }

  /** Sends a method and waits for one of the expected answers. */
  call(name: string, fields: Record<string, any>, ...expected: string[]): Promise<Method> {
    return this.request(name, fields, expected) as Promise<Method>;
  }

  private request(name: string, fields: Record<string, any>, expected: string[]): Promise<Method | AmqpMessage> {
    return new Promise((resolve, reject) => {
      if (this.state !== 'open') {
        reject(new AmqpError('the channel is closed'));
        return;
      }
      const payload = writeMethod(name, fields);
      const timer = setTimeout(() => {
        this.connection.destroy(new AmqpError(`the broker did not answer ${name}`));
      }, this.connection.requestMs);
      this.requests.push({ expected, resolve, reject, timer });
      this.connection.send(FRAME_METHOD, this.number, payload);
    });
  }

  async declareExchange(exchange: string, type: string, options: { durable?: boolean } = {}): Promise<void> {
    await this.call('exchange.declare', { exchange, type, durable: options.durable ?? false }, 'exchange.declare-ok');
  }

  /** The queue's name (the broker's choice for an empty one) and its counts. */
  async declareQueue(
    queue: string,
    options: { durable?: boolean; exclusive?: boolean; autoDelete?: boolean; passive?: boolean; arguments?: AmqpTable } = {},
  ): Promise<{ queue: string; messageCount: number; consumerCount: number }> {
    const answer = await this.call('queue.declare', { queue, ...options }, 'queue.declare-ok');
    return answer.fields as { queue: string; messageCount: number; consumerCount: number };
  }

  async bindQueue(queue: string, exchange: string, routingKey = ''): Promise<void> {
    await this.call('queue.bind', { queue, exchange, routingKey }, 'queue.bind-ok');
  }

  async deleteQueue(queue: string): Promise<void> {
    await this.call('queue.delete', { queue }, 'queue.delete-ok');
  }

  async deleteExchange(exchange: string): Promise<void> {
    await this.call('exchange.delete', { exchange }, 'exchange.delete-ok');
  }

  /** For each consumer that is started from now on. */
  async qos(prefetchCount: number): Promise<void> {
    await this.call('basic.qos', { prefetchCount, global: false }, 'basic.qos-ok');
  }

  async consume(
    queue: string,
    consumerTag: string,
    options: { noAck?: boolean; exclusive?: boolean },
    receive: (message: AmqpMessage) => void,
  ): Promise<void> {
    this.consumers.set(consumerTag, receive);
    await this.call('basic.consume', { queue, consumerTag, ...options }, 'basic.consume-ok');
  }

  /** Deliveries may arrive until this resolves; they go to the consumer's callback. */
  async cancel(consumerTag: string): Promise<void> {
    await this.call('basic.cancel', { consumerTag }, 'basic.cancel-ok');
    this.consumers.delete(consumerTag);
  }

  async get(queue: string): Promise<AmqpMessage | null> {
    const answer = await this.request('basic.get', { queue, noAck: true }, ['basic.get-ok', 'basic.get-empty']);
    return 'body' in answer ? answer : null;
  }

  async selectConfirms(): Promise<void> {
    await this.call('confirm.select', {}, 'confirm.select-ok');
  }

  /** Publishes; the tag is what `onConfirm` names when confirms are on. Throws `RangeError` for unusable properties. */
  publish(
    exchange: string,
    routingKey: string,
    body: Uint8Array,
    properties: MessageProperties,
    options: { mandatory?: boolean } = {},
  ): number {
    const method = writeMethod('basic.publish', { exchange, routingKey, mandatory: options.mandatory ?? false });
    const header = writeHeader(body.length, properties);
    if (header.length + 8 > this.connection.frameMax) throw new RangeError('the properties do not fit into one frame');
    this.connection.send(FRAME_METHOD, this.number, method);
    this.connection.send(FRAME_HEADER, this.number, header);
    const most = this.connection.frameMax - 8;
    for (let at = 0; at < body.length; at += most) {
      this.connection.send(FRAME_BODY, this.number, body.subarray(at, at + most));
    }
    this.published += 1;
    return this.published;
  }

  ack(deliveryTag: number): void {
    this.connection.send(FRAME_METHOD, this.number, writeMethod('basic.ack', { deliveryTag }));
  }

  async close(): Promise<void> {
    if (this.state !== 'open') return;
    const answered = this.call('channel.close', { code: 200, text: 'bye' }, 'channel.close-ok');
    this.state = 'closing';
    await answered;
    this.state = 'closed';
    this.connection.forget(this.number);
  }

  /** For the connection: a frame of this channel. */
  frame(frame: Frame): void {
    if (this.state === 'closed') return;
    if (frame.type === FRAME_METHOD) {
      if (this.content !== null) throw new AmqpProtocolError('a method within the content of another');
      this.method(readMethod(frame.payload));
    } else if (this.content === null) {
      throw new AmqpProtocolError('content without a method');
    } else if (frame.type === FRAME_HEADER) {
      this.header(frame.payload);
    } else {
      this.body(frame.payload);
    }
  }

  /** For the connection: it is gone. */
  lost(reason: Error): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.content = null;
    this.consumers.clear();
    for (const request of this.requests.splice(0)) {
      clearTimeout(request.timer);
      request.reject(reason);
    }
    this.onClose(reason);
  }

  private method(method: Method): void {
    switch (method.name) {
      case 'basic.deliver':
      case 'basic.return':
      case 'basic.get-ok':
        this.content = { method, header: null, parts: [], size: 0 };
        return;
      case 'basic.ack':
      case 'basic.nack': {
        const tag = method.fields['deliveryTag'] as number;
        if (tag > this.published) throw new AmqpProtocolError('a confirm for a message that was not published');
        this.onConfirm(tag, method.fields['multiple'] as boolean, method.name === 'basic.nack');
        return;
      }
      case 'basic.cancel': {
        const tag = method.fields['consumerTag'] as string;
        this.consumers.delete(tag);
        this.onConsumerCancelled(tag);
        return;
      }
      case 'channel.close': {
        this.connection.send(FRAME_METHOD, this.number, writeMethod('channel.close-ok'));
        this.connection.forget(this.number);
        this.lost(new AmqpCloseError('channel', method.fields['code'] as number, method.fields['text'] as string));
        return;
      }
      case 'channel.flow':
        this.connection.send(FRAME_METHOD, this.number, writeMethod('channel.flow-ok', method.fields));
        return;
      default:
        this.answer(method.name, method);
    }
  }

  private answer(name: string, value: Method | AmqpMessage): void {
    const request = this.requests[0];
    if (request === undefined || !request.expected.includes(name)) {
      throw new AmqpProtocolError(`${name} was not asked for`);
    }
    this.requests.shift();
    clearTimeout(request.timer);
    request.resolve(value);
  }

  private header(payload: Buffer): void {
    const content = this.content;
    if (content === null || content.header !== null) throw new AmqpProtocolError('a second content header');
    content.header = readHeader(payload);
    if (content.header.bodySize > this.connection.maxBody) {
      throw new AmqpProtocolError(
        `a message of ${content.header.bodySize} bytes; at most ${this.connection.maxBody} are accepted`,
      );
    }
    if (content.header.bodySize === 0) this.complete();
  }

  private body(payload: Buffer): void {
    const content = this.content;
    if (content === null || content.header === null) throw new AmqpProtocolError('a body without a content header');
    // A copy: the frame's memory belongs to the whole chunk that was read.
    content.parts.push(Buffer.from(payload));
    content.size += payload.length;
    if (payload.length === 0 || content.size > content.header.bodySize) {
      throw new AmqpProtocolError('the parts of a body do not add up');
    }
    if (content.size === content.header.bodySize) this.complete();
  }

  private complete(): void {
    const content = this.content;
    if (content === null || content.header === null) return;
    this.content = null;
    const { method, header, parts } = content;
    const body = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    const message: AmqpMessage = { fields: method.fields, properties: header.properties, body };
    if (method.name === 'basic.return') {
      this.onReturn(message);
    } else if (method.name === 'basic.get-ok') {
      this.answer(method.name, message);
    } else {
      // Unknown tags are deliveries to a consumer that was cancelled by the broker; it delivers them again.
      this.consumers.get(method.fields['consumerTag'] as string)?.(message);
    }
  }
}
