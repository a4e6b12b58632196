/** A connection to RabbitMQ that is made again for ever. */
import { clearTimeout, setTimeout } from 'node:timers';
import type { Timer } from 'node:timers';

import type { AmqpChannel } from '../amqp/channel.js';
import { AmqpConnection } from '../amqp/connection.js';
import type { ConnectionOptions } from '../amqp/connection.js';
import { AmqpCloseError, AmqpError, AmqpProtocolError, AmqpRefusedError, AmqpTrustError } from '../amqp/errors.js';
import type { AmqpAddress } from '../amqp/url.js';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

/** The broker refuses for a reason that waiting does not change; the message names the remedy. */
export class BrokerRefusal extends Error {
  override name = 'BrokerRefusal';
}

export interface ConnectionReports {
  onRefused(refusal: BrokerRefusal): void;
  logTrouble(text: string): void;
}

/** Opens a connection with one channel, runs `setup`, and starts over when anything of it is lost. */
export abstract class ReconnectingConnection {
  channel: AmqpChannel | null = null;
  epoch = 0;
  isUp = false;
  private readonly address: AmqpAddress;
  private readonly options: ConnectionOptions;
  private readonly reports: ConnectionReports;
  private connection: AmqpConnection | null = null;
  private failures = 0;
  private step = '';
  private closing = false;
  private retry: Timer | null = null;

  constructor(address: AmqpAddress, options: ConnectionOptions, reports: ConnectionReports) {
    this.address = address;
    this.options = options;
    this.reports = reports;
  }

  /** Requests in order; `step` names each for errors. */
  protected abstract setup(channel: AmqpChannel, step: (name: string) => void): Promise<void>;
  protected abstract wentUp(): void;
  /** Lost after it had been up. */
  protected abstract wentDown(): void;
  protected onConnection(_connection: AmqpConnection): void {
    // a place for more callbacks
  }

  /** Connects now, and again whenever it fails. */
  open(): void {
    this.retry = null;
    if (this.closing) return;
    this.epoch += 1;
    void this.connect(this.epoch);
  }

  private async connect(epoch: number): Promise<void> {
    let connection: AmqpConnection;
    try {
      connection = await AmqpConnection.connect(this.address, this.options);
    } catch (error) {
      if (epoch === this.epoch) this.failed(error as Error);
      return;
    }
    if (epoch !== this.epoch || this.closing) {
      void connection.close();
      return;
    }
    if (!connection.isOpen) {
      this.failed(new AmqpError('the connection was closed at once'));
      return;
    }
    this.connection = connection;
    connection.onClose = (reason) => {
      if (epoch === this.epoch) this.lost(reason);
    };
    this.onConnection(connection);
    try {
      this.step = 'open a channel';
      const channel = await connection.openChannel();
      channel.onClose = (reason) => {
        if (epoch === this.epoch) this.channelClosed(reason);
      };
      this.channel = channel;
      await this.setup(channel, (name) => {
        this.step = name;
      });
    } catch {
      // The channel or the connection was closed meanwhile, and that has been reported.
      if (epoch === this.epoch) this.abandon();
      return;
    }
    if (epoch !== this.epoch || this.closing) return;
    this.failures = 0;
    this.isUp = true;
    this.wentUp();
  }

  /** Closes in order, so that acks on their way arrive. */
  async close(): Promise<void> {
    this.closing = true;
    clearTimeout(this.retry);
    const connection = this.connection;
    if (connection === null) this.epoch += 1;
    else await connection.close();
  }

  /** Something on this connection is lost although it is open: start over. */
  protected abandon(): void {
    void this.connection?.close();
  }

  private channelClosed(reason: Error): void {
    if (this.closing || !(reason instanceof AmqpCloseError) || reason.scope !== 'channel') return;
    this.reports.logTrouble(`RabbitMQ closed a channel: ${reason.code} ${reason.text}`);
    if (!this.isUp && (reason.code === 403 || reason.code === 405 || reason.code === 406)) {
      this.reports.onRefused(this.refusedDeclaration(reason));
    }
    this.abandon();
  }

  private refusedDeclaration(reason: AmqpCloseError): BrokerRefusal {
    const text = `RabbitMQ refused to ${this.step}: ${reason.text}.`;
    if (reason.code === 403) {
      return new BrokerRefusal(
        `${text} Give the user the permissions configure, write and read (rabbitmqctl set_permissions), or use ` +
          'another user in TASKER_AMQP_URL.',
      );
    }
    return new BrokerRefusal(
      `${text} It exists with other arguments. Set TASKER_QUEUE_TYPE to its type if that is the difference, or ` +
        'delete it once it is empty (rabbitmqctl delete_queue), or use another TASKER_QUEUE_PREFIX.',
    );
  }

  private lost(reason: Error): void {
    const wasUp = this.isUp;
    this.isUp = false;
    this.channel = null;
    this.connection = null;
    this.epoch += 1;
    if (wasUp) this.wentDown();
    if (this.closing) return;
    if (wasUp) {
      this.reports.logTrouble(`connection to RabbitMQ lost (${describe(reason)}); connecting again`);
      this.again(0);
    } else {
      // Opened but not usable: pause, or a refusal would be repeated in a tight loop.
      this.again(this.pause());
    }
  }

  private failed(reason: Error): void {
    this.epoch += 1;
    this.connection = null;
    if (this.closing) return;
    const refusal = refusalOf(reason, this.address);
    const pause = this.pause();
    if (refusal !== null) {
      this.reports.onRefused(refusal);
    } else {
      this.reports.logTrouble(
        `cannot reach RabbitMQ at ${this.address.host}:${this.address.port} (${describeFailure(reason)}); ` +
          `trying again in ${(pause / 1000).toFixed(1)} s`,
      );
    }
    this.again(pause);
  }

  private pause(): number {
    this.failures += 1;
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.failures, 10));
    return Math.max(FIRST_PAUSE, longest * (0.5 + Math.random() / 2));
  }

  private again(pause: number): void {
    if (this.closing || this.retry !== null) return;
    this.retry = setTimeout(() => this.open(), pause);
  }
}

const SYSTEM_ERRORS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ENOTFOUND: 'host name not known',
  EAI_AGAIN: 'host name cannot be looked up now',
  EPIPE: 'broken pipe',
};

/** Why there is no connection, in one short phrase for people. */
function describeFailure(error: Error): string {
  return error instanceof AmqpProtocolError ? 'whatever answers there does not speak AMQP 0-9-1, or wants TLS (amqps://)' : describe(error);
}

/** One short phrase for people. */
export function describe(error: Error): string {
  const many = (error as { errors?: unknown }).errors;
  const inner = Array.isArray(many) && many[0] instanceof Error ? many[0] : error;
  const code = (inner as { code?: unknown }).code;
  const known = typeof code === 'string' ? SYSTEM_ERRORS[code] : undefined;
  return known ?? (inner.message || inner.name);
}

/** What to tell when the broker does not let us in, or null when it is only away. */
function refusalOf(error: Error, address: AmqpAddress): BrokerRefusal | null {
  const where = `RabbitMQ at ${address.host}:${address.port}`;
  if (error instanceof AmqpTrustError) {
    return new BrokerRefusal(`${error.message}; correct the AMQP URL in --amqp or TASKER_AMQP_URL`);
  }
  if (!(error instanceof AmqpRefusedError)) return null;
  if (error.reason === 'mechanism') {
    return new BrokerRefusal(
      `${where} does not offer the login '${address.mechanism}' (${error.message}). Correct auth_mechanism in the URL in ` +
        '--amqp or TASKER_AMQP_URL, or switch it on at the broker (external: rabbitmq_auth_mechanism_ssl).',
    );
  }
  if (error.reason === 'vhost') {
    return new BrokerRefusal(
      `${where} does not let user '${address.user}' use the virtual host '${address.vhost}': it does not exist or the ` +
        'user has no permission. Correct the URL in --amqp or TASKER_AMQP_URL (the vhost / is written %2F), or create ' +
        'it with rabbitmqctl add_vhost and set_permissions.',
    );
  }
  if (address.mechanism === 'external') {
    return new BrokerRefusal(
      `${where} refused the client certificate: it has no user of that name. Correct certfile in the URL in --amqp or ` +
        'TASKER_AMQP_URL, or create the user (rabbitmqctl add_user).',
    );
  }
  return new BrokerRefusal(
    `${where} refused user '${address.user}': wrong user or password, or guest from another host. ` +
      'Correct the URL in --amqp or TASKER_AMQP_URL.',
  );
}
