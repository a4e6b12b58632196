/** A RabbitMQ node for tests, and an orchestrator's side of the queues. */
import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AmqpChannel, AmqpMessage } from '../../src/amqp/channel.js';
import { AmqpConnection } from '../../src/amqp/connection.js';
import { AmqpCloseError } from '../../src/amqp/errors.js';
import type { MessageProperties } from '../../src/amqp/spec.js';
import { parseAmqpUrl } from '../../src/amqp/url.js';
import { parseJson } from '../../src/json/parse.js';
import type { JsonObject } from '../../src/json/value.js';
import { Topology } from '../../src/wire/names.js';
import type { QueueType } from '../../src/wire/names.js';
import { body } from './messages.js';
import { REPOSITORY } from './vectors.js';
import { eventually } from './waiting.js';

const SCRIPT = `${REPOSITORY}scripts/rabbitmq`;
export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Why tests that need a broker cannot run, or false. With CI set that is a failure instead. */
export function withoutBroker(): string | false {
  if (process.env['TASKER_TEST_AMQP_URL']) return false;
  const found = spawnSync('sh', ['-c', 'command -v rabbitmq-server || test -x /usr/sbin/rabbitmq-server'], {});
  if (found.status === 0) return false;
  const reason = 'RabbitMQ is not installed (Debian: apt-get install rabbitmq-server) and TASKER_TEST_AMQP_URL is not set';
  if (process.env['CI']) throw new Error(reason);
  return reason;
}

/** A private node, which tests may stop and start. */
export class Node {
  readonly url: string;
  private readonly folder: string;

  private constructor(folder: string, url: string) {
    this.folder = folder;
    this.url = url;
  }

  static start(...options: string[]): Node {
    const folder = mkdtempSync(join(tmpdir(), 'tasker-sdk-rabbitmq-'));
    run('start', '--dir', folder, '--owner', String(process.pid), ...options);
    return new Node(folder, run('url', '--dir', folder).trim());
  }

  /** A file of the certificates of a node with `--tls`. */
  certificate(name: string): string {
    return join(this.folder, 'tls', name);
  }

  get tlsPort(): number {
    return Number(readFileSync(this.certificate('port'), 'utf8'));
  }

  ctl(...args: string[]): string {
    return run('ctl', '--dir', this.folder, ...args);
  }

  stop(): void {
    run('stop', '--dir', this.folder);
  }

  startAgain(): void {
    run('start', '--dir', this.folder, '--owner', String(process.pid));
  }

  /** Closes what workers hold, as a failing network would, and leaves the test's own connection. */
  closeWorkerConnections(): number {
    let closed = 0;
    for (const line of this.ctl('list_connections', 'pid', 'client_properties', '--quiet').split('\n')) {
      const [pid = '', properties = ''] = line.split('\t');
      if (properties.includes('tasker-typescript')) {
        this.ctl('close_connection', pid, 'closed by a test');
        closed += 1;
      }
    }
    return closed;
  }

  remove(): void {
    this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function run(...args: string[]): string {
  const done = spawnSync(SCRIPT, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${SCRIPT} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

/** What an orchestrator would do: declare, dispatch, read results. One prefix per test. */
export class Desk {
  readonly prefix = `t${randomBytes(6).toString('hex')}`;
  readonly names: Topology;
  readonly stepQueue: string;
  readonly resultsQueue: string;
  lastProperties: MessageProperties = {};
  private readonly url: string;
  private readonly queueType: QueueType;
  private connection: AmqpConnection | null = null;
  private channel: AmqpChannel | null = null;

  constructor(url: string, queueType: QueueType = 'quorum') {
    this.url = url;
    this.queueType = queueType;
    this.names = new Topology(this.prefix, queueType);
    this.stepQueue = this.names.steps('default');
    this.resultsQueue = `${this.prefix}.results.0`;
  }

  get environment(): Record<string, string> {
    return { TASKER_AMQP_URL: this.url, TASKER_QUEUE_PREFIX: this.prefix, TASKER_QUEUE_TYPE: this.queueType };
  }

  /** The test's own channel, made again when the broker was restarted. */
  async open(): Promise<AmqpChannel> {
    if (this.channel?.isOpen === true) return this.channel;
    if (this.connection?.isOpen !== true) {
      this.connection = await AmqpConnection.connect(parseAmqpUrl(this.url), { name: 'desk', product: 'test-desk' });
    }
    this.channel = await this.connection.openChannel();
    return this.channel;
  }

  /** The queues that belong to the orchestrator. */
  async declare(results = true): Promise<this> {
    const { names } = this;
    const channel = await this.open();
    await channel.declareExchange(names.dead, 'fanout', { durable: true });
    await channel.declareQueue(names.dead, { durable: true, arguments: names.deadArguments });
    await channel.bindQueue(names.dead, names.dead);
    await channel.declareExchange(names.control, 'fanout', { durable: true });
    await channel.declareQueue(this.stepQueue, { durable: true, arguments: names.stepArguments });
    await channel.declareQueue(names.workers, {
      durable: true, arguments: { 'x-queue-type': 'classic', 'x-message-ttl': 60_000, 'x-max-length': 10_000 },
    });
    if (results) await this.declareResults();
    return this;
  }

  async declareResults(): Promise<void> {
    // Without the single active consumer of a real one: such a queue refuses basic.get.
    const given = { ...this.names.stepArguments };
    if (this.queueType === 'quorum') given['x-delivery-limit'] = 1_000_000;
    await (await this.open()).declareQueue(this.resultsQueue, { durable: true, arguments: given });
  }

  /** Dispatches a step; its `reply_to` becomes this desk's results queue. */
  async send(message: JsonObject): Promise<void> {
    await this.sendRaw(body({ ...message, reply_to: this.resultsQueue }));
  }

  async sendRaw(raw: Buffer, properties: MessageProperties = {}): Promise<void> {
    (await this.open()).publish('', this.stepQueue, raw, {
      deliveryMode: 2, contentType: 'application/json', headers: { traceparent: TRACEPARENT }, ...properties,
    });
  }

  async cancel(message: JsonObject): Promise<void> {
    const notice = {
      protocol: '1.0', kind: 'step.cancel', dispatch_id: message['dispatch_id'], task_uuid: message['task'].uuid,
      step_uuid: message['step'].uuid, reason: 'a test',
    };
    (await this.open()).publish(this.names.control, '', body(notice), {});
  }

  /** Sends to a worker's own queue. */
  async reply(queue: string, message: JsonObject): Promise<void> {
    (await this.open()).publish('', queue, body(message), {});
  }

  async get(queue: string): Promise<AmqpMessage | null> {
    return (await this.open()).get(queue);
  }

  /** The next message of a kind; others that come before it are dropped. */
  async nextOf(kind: string, queue: string = this.resultsQueue, seconds = 30): Promise<JsonObject> {
    return eventually(async () => {
      const found = await this.get(queue).catch(() => null);
      if (found === null) return null;
      this.lastProperties = found.properties;
      const message = parseJson(found.body) as JsonObject;
      return message['kind'] === kind ? message : null;
    }, `a ${kind} in ${queue}`, seconds);
  }

  result(seconds = 30): Promise<JsonObject> {
    return this.nextOf('step.result', this.resultsQueue, seconds);
  }

  private async declared(queue: string): Promise<{ messageCount: number; consumerCount: number }> {
    return (await this.open()).declareQueue(queue, { passive: true });
  }

  async depth(queue: string = this.stepQueue): Promise<number> {
    return (await this.declared(queue)).messageCount;
  }

  async consumers(): Promise<number> {
    return (await this.declared(this.stepQueue)).consumerCount;
  }

  async exists(queue: string): Promise<boolean> {
    try {
      await this.declared(queue);
      return true;
    } catch (error) {
      if (error instanceof AmqpCloseError) return false;
      throw error;
    }
  }

  /** Deletes what belongs to this prefix. */
  async close(): Promise<void> {
    const channel = await this.open();
    for (const queue of [this.stepQueue, this.resultsQueue, this.names.workers, this.names.dead]) {
      await channel.deleteQueue(queue);
    }
    await channel.deleteExchange(this.names.dead);
    await channel.deleteExchange(this.names.control);
    await this.connection?.close();
  }
}
