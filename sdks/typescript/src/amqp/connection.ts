import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';
import type { Timer } from 'node:timers';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';

import { AmqpChannel } from './channel.js';
import { AmqpCloseError, AmqpError, AmqpProtocolError, AmqpRefusedError } from './errors.js';
import type { AmqpTable } from './fields.js';
import { FRAME_HEARTBEAT, FRAME_METHOD, FrameParser, PROTOCOL_HEADER, writeFrame } from './frames.js';
import type { Frame } from './frames.js';
import { readMethod, writeMethod } from './spec.js';
import type { Method } from './spec.js';
import { describeTls, tlsOptions } from './trust.js';
import type { AmqpAddress } from './url.js';

const OUR_FRAME_MAX = 131_072;
const LEAST_FRAME_MAX = 4096;
const HANDSHAKE_MS = 15_000;
const CLOSE_MS = 5_000;
const DEFAULT_HEARTBEAT = 20;
/** The largest body RabbitMQ itself can be set to take. */
const DEFAULT_MAX_BODY = 134_217_728;

export interface ConnectionOptions {
  /** What the broker's management shows. */
  name: string;
  product?: string;
  /** Seconds; the URL wins, the broker may ask for less. 0 switches heartbeats off. */
  heartbeat?: number;
  /** Longest message body accepted, in bytes. */
  maxBody?: number;
  /** How long a request to the broker may stay unanswered, in milliseconds. */
  requestMs?: number;
}

/** One AMQP 0-9-1 connection. It never reconnects: after the close event it is of no more use. */
export class AmqpConnection {
  onClose: (reason: Error) => void = () => undefined;
  onBlocked: (reason: string) => void = () => undefined;
  onUnblocked: () => void = () => undefined;
  frameMax = OUR_FRAME_MAX;
  readonly maxBody: number;
  readonly requestMs: number;
  private readonly address: AmqpAddress;
  private readonly options: ConnectionOptions;
  private readonly socket: Socket;
  private readonly parser = new FrameParser(OUR_FRAME_MAX);
  private readonly channels = new Map<number, AmqpChannel>();
  private state: 'handshake' | 'open' | 'closing' | 'closed' = 'handshake';
  private waiting: { resolve: (value: AmqpConnection) => void; reject: (error: Error) => void } | null = null;
  private whenClosed: Array<() => void> = [];
  private deadline: Timer | null = null;
  private pulse: Timer | null = null;
  private channelMax = 2047;
  private sawStart = false;
  private sawTune = false;
  private lastReceived = Date.now();
  private lastSent = Date.now();
  private corked = false;

  /** Connects, authenticates and opens the virtual host. Rejects with an {@link AmqpError} or a system error. */
  static connect(address: AmqpAddress, options: ConnectionOptions): Promise<AmqpConnection> {
    return new Promise((resolve, reject) => {
      let connection: AmqpConnection;
      try {
        connection = new AmqpConnection(address, options);
      } catch (error) {
        reject(error as Error);
        return;
      }
      connection.waiting = { resolve, reject };
    });
  }

  private constructor(address: AmqpAddress, options: ConnectionOptions) {
    this.address = address;
    this.options = options;
    this.maxBody = options.maxBody ?? DEFAULT_MAX_BODY;
    this.requestMs = options.requestMs ?? 60_000;
    const limit = address.connectionTimeoutMs ?? HANDSHAKE_MS;
    this.socket = openSocket(address);
    this.deadline = setTimeout(() => this.end(new AmqpError(`no answer within ${limit / 1000} s`)), limit);
    this.socket.setNoDelay(true);
    this.socket.on(address.tls ? 'secureConnect' : 'connect', () => this.socket.write(PROTOCOL_HEADER));
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    this.socket.on('error', (error: Error) => {
      this.end(address.tls ? describeTls(error, this.socket as TLSSocket) : error);
    });
    this.socket.on('end', () => this.streamEnded());
    this.socket.on('close', () => this.streamEnded());
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Opens the next free channel. */
  async openChannel(): Promise<AmqpChannel> {
    if (this.state !== 'open') throw new AmqpError('the connection is closed');
    let number = 1;
    while (this.channels.has(number)) number += 1;
    if (number > this.channelMax) throw new AmqpError(`the broker allows ${this.channelMax} channels`);
    const channel = new AmqpChannel(this, number);
    this.channels.set(number, channel);
    await channel.call('channel.open', {}, 'channel.open-ok');
    return channel;
  }

  /** Closes in order, so that what was written arrives. Resolves when the connection is gone, in 5 s at most. */
  close(): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      this.whenClosed.push(resolve);
      if (this.state === 'open') {
        this.state = 'closing';
        this.send(FRAME_METHOD, 0, writeMethod('connection.close', { code: 200, text: 'bye' }));
        this.setDeadline(CLOSE_MS, () => this.end(new AmqpError('closed')));
      } else if (this.state === 'handshake') {
        this.end(new AmqpError('closed'));
      }
    });
  }

  /** Drops the connection at once; `onClose` is called with `reason`. */
  destroy(reason: Error): void {
    this.end(reason);
  }

  /** For channels: writes one frame; writes of one turn of the event loop leave together. */
  send(type: number, channel: number, payload: Uint8Array): void {
    if (this.state === 'closed') return;
    this.lastSent = Date.now();
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
      process.nextTick(() => {
        this.corked = false;
        this.socket.uncork();
      });
    }
    this.socket.write(writeFrame(type, channel, payload));
  }

  /** For channels: the number is free again. */
  forget(number: number): void {
    this.channels.delete(number);
  }

  private receive(chunk: Buffer): void {
    if (this.state === 'closed') return;
    this.lastReceived = Date.now();
    try {
      this.parser.push(chunk, (frame) => {
        this.frame(frame);
        return (this.state as string) !== 'closed';
      });
    } catch (error) {
      const reason = error instanceof AmqpError ? error : new AmqpProtocolError(String(error));
      if (this.state === 'open') {
        this.send(FRAME_METHOD, 0, writeMethod('connection.close', { code: 501, text: reason.message.slice(0, 200) }));
      }
      this.end(reason);
    }
  }

  private frame(frame: Frame): void {
    if (frame.type === FRAME_HEARTBEAT) {
      if (frame.channel !== 0) throw new AmqpProtocolError('a heartbeat on a channel');
      if (this.state === 'handshake') throw new AmqpProtocolError('a heartbeat before the connection was open');
      return;
    }
    if (frame.channel !== 0) {
      const channel = this.channels.get(frame.channel);
      if (this.state === 'handshake' || channel === undefined) {
        if (this.state === 'closing') return;
        throw new AmqpProtocolError(`a frame on channel ${frame.channel}, which is not open`);
      }
      channel.frame(frame);
      return;
    }
    if (frame.type !== FRAME_METHOD) throw new AmqpProtocolError('content on channel 0');
    this.method(readMethod(frame.payload));
  }

  private method(method: Method): void {
    switch (method.name) {
      case 'connection.start': return this.start(method);
      case 'connection.tune': return this.tune(method);
      case 'connection.open-ok': return this.opened();
      case 'connection.close': {
        const code = method.fields['code'] as number;
        const text = method.fields['text'] as string;
        this.send(FRAME_METHOD, 0, writeMethod('connection.close-ok'));
        this.end(this.closeReason(code, text));
        return;
      }
      case 'connection.close-ok':
        if (this.state !== 'closing') throw new AmqpProtocolError('connection.close-ok without a close');
        this.end(new AmqpError('closed'));
        return;
      case 'connection.blocked':
        if (this.state === 'open') this.onBlocked(method.fields['reason'] as string);
        return;
      case 'connection.unblocked':
        if (this.state === 'open') this.onUnblocked();
        return;
      default:
        throw new AmqpProtocolError(`${method.name} was not expected here`);
    }
  }

  private start(method: Method): void {
    if (this.state !== 'handshake' || this.sawStart) throw new AmqpProtocolError('connection.start came twice');
    this.sawStart = true;
    const mechanisms = String(method.fields['mechanisms']).split(' ');
    const mechanism = this.address.mechanism.toUpperCase();
    if (!mechanisms.includes(mechanism)) {
      throw new AmqpRefusedError('mechanism', `it offers ${mechanisms.join(', ')}`);
    }
    const properties: AmqpTable = {
      connection_name: this.options.name,
      product: this.options.product ?? 'tasker-sdk',
      platform: `Node.js ${process.version}`,
      capabilities: {
        authentication_failure_close: true,
        'basic.nack': true,
        'connection.blocked': true,
        consumer_cancel_notify: true,
        publisher_confirms: true,
      },
    };
    const { user, password } = this.address;
    const response = Buffer.from(mechanism === 'EXTERNAL' ? '' : `\u0000${user}\u0000${password}`);
    this.send(FRAME_METHOD, 0, writeMethod('connection.start-ok', { properties, mechanism, response, locale: 'en_US' }));
  }

  private tune(method: Method): void {
    if (this.state !== 'handshake' || !this.sawStart || this.sawTune) {
      throw new AmqpProtocolError('connection.tune was not expected here');
    }
    this.sawTune = true;
    const { channelMax, frameMax, heartbeat } = method.fields as Record<string, number>;
    this.channelMax = lesser(channelMax as number, this.channelMax);
    this.frameMax = lesser(frameMax as number, OUR_FRAME_MAX);
    if (this.frameMax < LEAST_FRAME_MAX) throw new AmqpProtocolError(`frames of ${this.frameMax} bytes are too short`);
    this.parser.maxFrame = this.frameMax;
    const wanted = this.address.heartbeat ?? this.options.heartbeat ?? DEFAULT_HEARTBEAT;
    const seconds = wanted === 0 ? 0 : lesser(heartbeat as number, wanted);
    this.send(FRAME_METHOD, 0, writeMethod('connection.tune-ok', {
      channelMax: this.channelMax, frameMax: this.frameMax, heartbeat: seconds,
    }));
    this.send(FRAME_METHOD, 0, writeMethod('connection.open', { vhost: this.address.vhost }));
    if (seconds > 0) this.beat(seconds * 1000);
  }

  private opened(): void {
    if (this.state !== 'handshake' || !this.sawTune) throw new AmqpProtocolError('connection.open-ok was not expected');
    this.state = 'open';
    this.clearDeadline();
    const waiting = this.waiting;
    this.waiting = null;
    waiting?.resolve(this);
  }

  /** A quarter of the interval is fine enough: two missed intervals mean that the peer is gone. */
  private beat(milliseconds: number): void {
    this.pulse = setTimeout(() => {
      const now = Date.now();
      if (now - this.lastReceived > 2 * milliseconds) {
        this.end(new AmqpError('the broker has been silent for two heartbeats'));
        return;
      }
      if (now - this.lastSent >= milliseconds / 2) this.send(FRAME_HEARTBEAT, 0, new Uint8Array(0));
      this.beat(milliseconds);
    }, milliseconds / 4);
  }

  private closeReason(code: number, text: string): Error {
    if (this.state === 'handshake') {
      if (code === 403) return new AmqpRefusedError('credentials', text);
      if (code === 530) return new AmqpRefusedError('vhost', text);
    }
    return new AmqpCloseError('connection', code, text);
  }

  private streamEnded(): void {
    // A broker that refuses says so (authentication_failure_close); one that only hangs up may be on its way down.
    const inLogin = this.state === 'handshake' && this.sawStart;
    this.end(new AmqpError(inLogin ? 'the broker closed the connection during the login' : 'the stream ended'));
  }

  private setDeadline(milliseconds: number, action: () => void): void {
    this.clearDeadline();
    this.deadline = setTimeout(action, milliseconds);
  }

  private clearDeadline(): void {
    clearTimeout(this.deadline);
    this.deadline = null;
  }

  private end(reason: Error): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.clearDeadline();
    clearTimeout(this.pulse);
    if (this.corked) {
      this.corked = false;
      this.socket.uncork();
    }
    this.socket.end();
    // A peer that does not read must not keep the socket.
    const lingering = setTimeout(() => this.socket.destroy(), 1000);
    lingering.unref();
    this.socket.on('close', () => clearTimeout(lingering));
    for (const channel of [...this.channels.values()]) channel.lost(reason);
    this.channels.clear();
    const waiting = this.waiting;
    this.waiting = null;
    if (waiting !== null) waiting.reject(reason);
    else this.onClose(reason);
    for (const resolve of this.whenClosed.splice(0)) resolve();
  }
}

/** The smaller of two limits, where 0 means no limit. */
function lesser(theirs: number, ours: number): number {
  return theirs === 0 ? ours : Math.min(theirs, ours);
}

function openSocket(address: AmqpAddress): Socket {
  const { host, port } = address;
  return address.tls ? connectTls(tlsOptions(address)) : connectTcp({ host, port });
}
