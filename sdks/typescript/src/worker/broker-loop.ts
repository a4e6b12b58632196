/** The worker's side of the broker: both connections, the delivery machine and the announcer on one event loop. */
import { clearTimeout, setTimeout } from 'node:timers';
import type { Timer } from 'node:timers';

import { parseAmqpUrl } from '../amqp/url.js';
import { parseJson } from '../json/parse.js';
import { isObject } from '../json/value.js';
import { SDK } from '../version.js';
import type { ExecuteMessage } from '../wire/execute.js';
import { MessageWriter } from '../wire/outgoing.js';
import { Announcer } from './announcer.js';
import { monotonic } from './clock.js';
import type { BrokerRefusal } from './connection.js';
import { ConsumerConnection } from './consumer.js';
import type { ConsumerEvents } from './consumer.js';
import { DeliveryMachine } from './delivery.js';
import type { Link } from './delivery.js';
import { identityOf } from './identity.js';
import type { Delivery, Job, Publication } from './job.js';
import type { StopReason } from './stop-reason.js';
import { log, writeError } from './log.js';
import type { FromLoop, LoopStart, ToLoop } from './port.js';
import { PublisherConnection } from './publisher.js';
import type { PublisherEvents } from './publisher.js';
import { topologyOf } from './settings.js';

const APP_ID = SDK;
const EXIT_OK = 0;
const EXIT_UNSENT = 1;
const EXIT_REFUSED = 2;
const LONGEST_TIMER = 2 ** 31 - 1;

/** `post` takes what the side that runs handlers has to know. */
export class BrokerLoop implements Link, ConsumerEvents, PublisherEvents {
  private readonly start_: LoopStart;
  private readonly post: (message: FromLoop) => void;
  private readonly machine: DeliveryMachine;
  private readonly announcer: Announcer;
  private readonly consumer: ConsumerConnection;
  private readonly publisher: PublisherConnection;
  private handlers: Map<string, string | null>;
  private handlersOpen: boolean;
  private timer: Timer | null = null;
  private timerAt = Infinity;
  private lastTrouble = { text: '', at: -Infinity };
  private reason = 'shutdown';
  private refusal: BrokerRefusal | null = null;
  private wasReady = false;
  private leaving = false;

  constructor(start: LoopStart, post: (message: FromLoop) => void) {
    const { settings, workerId } = start;
    const topology = topologyOf(settings);
    const writer = new MessageWriter(identityOf(workerId, settings.hostname));
    this.start_ = start;
    this.post = post;
    this.handlers = new Map(start.handlers.names.map(({ callable, version }) => [callable, version]));
    this.handlersOpen = start.handlers.open;
    this.machine = new DeliveryMachine(this, writer, {
      slots: settings.slots,
      queues: settings.queues.length,
      deadExchange: topology.dead,
      replyQueue: () => this.consumer.controlQueue,
      defaultTimeoutMs: settings.defaultTimeoutMs,
      wall: Date.now,
    });
    this.announcer = new Announcer(writer, (message) => this.publish(message), {
      workersQueue: topology.workers,
      members: () => this.members(),
      activity: () => this.activity(),
      wall: Date.now,
      onReady: () => this.onReady(),
    });
    const address = parseAmqpUrl(settings.amqpUrl);
    const reports = {
      onRefused: (refusal: BrokerRefusal) => this.onRefused(refusal),
      logTrouble: (text: string) => this.logTrouble(text),
    };
    const name = (role: string): { name: string } => ({ name: `${SDK} ${workerId} ${role}` });
    this.publisher = new PublisherConnection(this, APP_ID, address, name('publisher'), reports);
    this.consumer = new ConsumerConnection(
      this, { topology, queues: settings.queues, slots: settings.slots }, address, name('consumer'), reports,
    );
  }

  /** Connects in the background. */
  open(): void {
    this.consumer.open();
    this.publisher.open();
  }

  /** A message from the side that runs handlers. */
  receive(message: ToLoop): void {
    switch (message.kind) {
      case 'finished': {
        const job = this.machine.jobs.get(message.key);
        if (job !== undefined) this.machine.finished(job, message.body, message.failed);
        break;
      }
      case 'progress': {
        const job = this.machine.jobs.get(message.key);
        if (job !== undefined) this.machine.progressed(job, message.progress);
        break;
      }
      case 'handlers':
        this.handlers = new Map(message.handlers.names.map(({ callable, version }) => [callable, version]));
        this.handlersOpen = message.handlers.open;
        this.announcer.changed(monotonic());
        break;
      case 'drain':
        this.drain(message.reason);
        break;
      case 'status':
        this.logStatus();
        break;
    }
    this.setTimer();
  }

  private setTimer(): void {
    const wakeAt = Math.min(this.machine.wakeAt, this.announcer.wakeAt);
    if (this.leaving || wakeAt >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = wakeAt;
    const wait = Math.min(LONGEST_TIMER, Math.max(0, Math.ceil(wakeAt - monotonic())));
    this.timer = setTimeout(() => {
      this.timerAt = Infinity;
      const now = monotonic();
      if (this.machine.wakeAt <= now) this.machine.tick(now);
      this.announcer.tick(now);
      this.setTimer();
    }, wait);
  }

  // Consumer events

  consumerUp(epoch: number): void {
    this.machine.consumerUp(epoch, monotonic());
    if (!this.machine.consuming) this.announce();
    this.setTimer();
  }

  consumerDown(): void {
    this.machine.consumerDown(monotonic());
    this.connectionChanged();
  }

  consuming(): void {
    this.announce();
  }

  consumersCancelled(): void {
    this.machine.consumersCancelled();
    this.setTimer();
  }

  delivered(delivery: Delivery): void {
    this.machine.delivered(delivery, monotonic());
    this.setTimer();
  }

  /** A cancel notice or a page of dependency results; anything else is of a later version and ignored. */
  control(body: Uint8Array): void {
    let message: unknown;
    try {
      message = parseJson(body);
    } catch {
      return;
    }
    if (!isObject(message)) return;
    if (message['kind'] === 'step.cancel' && typeof message['dispatch_id'] === 'string') {
      this.machine.cancel(message['dispatch_id'], monotonic());
    } else if (message['kind'] === 'step.dependencies') {
      this.machine.dependencies(message, monotonic());
    }
    this.setTimer();
  }

  // Publisher events

  publisherUp(): void {
    this.machine.publisherUp(monotonic());
    if (this.consumer.isUp) this.announce();
    this.setTimer();
  }

  publisherDown(): void {
    this.machine.publisherDown(monotonic());
    this.announcer.disconnected();
    this.connectionChanged();
  }

  blocked(): void {
    this.logTrouble('RabbitMQ refuses messages for now (memory or disk alarm); results wait');
    this.machine.blocked(monotonic());
    this.setTimer();
  }

  unblocked(): void {
    log('info', 'RabbitMQ takes messages again');
    this.machine.unblocked(monotonic());
    this.setTimer();
  }

  confirmed(message: Publication): void {
    if (message.purpose === 'worker') this.announcer.confirmed(message, monotonic());
    else this.machine.confirmed(message, monotonic());
    this.setTimer();
  }

  returned(message: Publication): void {
    if (message.purpose === 'worker') {
      this.announcer.failed(message, monotonic(), true);
    } else {
      if (message.purpose === 'answer') {
        this.logTrouble(`queue ${message.routingKey} does not exist; a result waits for it`);
      }
      this.machine.returned(message, monotonic());
    }
    this.setTimer();
  }

  nacked(message: Publication): void {
    if (message.purpose === 'worker') this.announcer.failed(message, monotonic(), false);
    else this.machine.nacked(message, monotonic());
    this.setTimer();
  }

  // What the machine asks for

  publish(message: Publication): void {
    this.publisher.publish(message);
  }

  ack(delivery: Delivery): void {
    this.consumer.ack(delivery);
  }

  /** Methods are looked up by the runner, which answers the same when one is missing. */
  knowsHandler(message: ExecuteMessage): boolean {
    return this.handlersOpen || message.resolver !== null || this.handlers.has(message.callable);
  }

  startJob(job: Job): void {
    if (job.message !== null) this.post({ kind: 'run', key: job.key, message: job.message });
  }

  stopJob(job: Job, reason: StopReason): void {
    this.post({ kind: 'stop', key: job.key, reason });
  }

  settled(job: Job): void {
    if (job.startedWall !== null) this.post({ kind: 'settled', key: job.key });
  }

  abandoned(message: ExecuteMessage, why: string): void {
    log(
      'warn',
      `step ${message.stepName} attempt ${message.attempt}/${message.maxAttempts} abandoned in 0 ms ` +
        `task=${message.taskUuid} ${why}`,
    );
  }

  startConsuming(): void {
    this.consumer.startConsuming();
  }

  stopConsuming(): void {
    this.consumer.stopConsuming();
  }

  drained(): void {
    this.announcer.bye(this.reason, monotonic(), () => this.finish(EXIT_OK));
  }

  gaveUp(unsent: Publication[]): void {
    log('error', `the broker took no answers until the end of the grace period; ${unsent.length} unsent:`);
    for (const { body } of unsent) {
      writeError(`${typeof body === 'string' ? body : Buffer.from(body).toString('utf8')}\n`);
    }
    this.finish(unsent.length > 0 ? EXIT_UNSENT : EXIT_OK);
  }

  // Announcing

  private announce(): void {
    if (!this.publisher.isUp || !this.consumer.isUp) return;
    this.announcer.connected(monotonic());
    this.setTimer();
  }

  private members(): object {
    const { settings } = this.start_;
    return {
      queues: settings.queues,
      namespaces: settings.namespaces,
      handlers: [...this.handlers].map(([callable, version]) => ({ callable, version })),
      any_handler: settings.anyHandler,
      slots: settings.slots,
    };
  }

  private activity(): object {
    return {
      running: this.machine.running(),
      processed_total: this.machine.processedTotal,
      failed_total: this.machine.failedTotal,
      status: this.machine.draining ? 'draining' : 'active',
    };
  }

  private onReady(): void {
    this.connectionChanged();
    if (this.wasReady) {
      log('info', 'connected to RabbitMQ again');
      return;
    }
    this.wasReady = true;
    const { settings, workerId } = this.start_;
    const topology = topologyOf(settings);
    const queues = settings.queues.map((queue) => topology.steps(queue)).join(', ');
    log('info', `ready: worker ${workerId} consumes ${queues} with ${settings.slots} slots`);
    this.post({ kind: 'ready' });
  }

  private connectionChanged(): void {
    this.post({ kind: 'connected', connected: this.publisher.isUp && this.consumer.isUp });
    this.setTimer();
  }

  private logStatus(): void {
    const { machine } = this;
    const state = machine.draining ? 'draining' : machine.consuming ? 'consuming' : 'not consuming';
    log(
      'info',
      `status: ${state}, ${machine.slotsUsed} of ${this.start_.settings.slots} slots busy, ` +
        `${machine.processedTotal} steps processed, ${machine.failedTotal} failed`,
    );
  }

  /** Both connections meet the same trouble; one line a second is enough. */
  private logTrouble(text: string): void {
    const short = text.split(';')[0] ?? text;
    const now = monotonic();
    if (short === this.lastTrouble.text && now - this.lastTrouble.at <= 1000) return;
    this.lastTrouble = { text: short, at: now };
    log('warn', text);
  }

  // Leaving

  private onRefused(refusal: BrokerRefusal): void {
    if (this.wasReady) {
      // It worked before, so the broker may be restarting or a person at work: keep trying.
      this.logTrouble(refusal.message);
    } else if (this.refusal === null) {
      this.refusal = refusal;
      this.finish(EXIT_REFUSED);
    }
  }

  private drain(reason: string): void {
    if (this.machine.draining) return;
    this.reason = reason;
    log('info', `stopping (${reason}): ${this.machine.slotsUsed} steps run`);
    this.machine.drain(monotonic(), this.start_.settings.graceMs);
  }

  private finish(code: number): void {
    if (this.leaving) return;
    this.leaving = true;
    clearTimeout(this.timer);
    const end = {
      kind: 'ended', code, refusal: this.refusal?.message ?? null, handlersLeft: this.machine.interrupted,
    } as const;
    void Promise.all([this.consumer.close(), this.publisher.close()]).then(() => this.post(end));
  }
}
