/** Hello, heartbeats and bye on the queue `<prefix>.workers`: what the orchestrator routes by. */
import { TYPE_BYE, TYPE_HELLO, TYPE_WORKER_HEARTBEAT } from '../wire/names.js';
import { timestamp } from '../wire/outgoing.js';
import type { MessageWriter } from '../wire/outgoing.js';
import { publication } from './job.js';
import type { Publication } from './job.js';

const HEARTBEAT_MS = 15_000;
/** The orchestrator declares the queue. While it is missing, a hello is dropped and a fresh one is tried. */
const MISSING_PAUSE = 2000;
const NACKED_PAUSE = 500;
const BYE_PATIENCE = 5000;

export interface AnnouncerOptions {
  workersQueue: string;
  /** Queues, namespaces, handlers, slots. */
  members: () => object;
  /** Running steps, totals, status. */
  activity: () => object;
  wall: () => number;
  onReady: () => void;
}

/** Decides when to announce; `publish` sends and outcomes come back like those of other publications. */
export class Announcer {
  /** When `tick` is due, in monotonic milliseconds. */
  wakeAt = Infinity;
  private readonly writer: MessageWriter;
  private readonly publish: (message: Publication) => void;
  private readonly options: AnnouncerOptions;
  private readonly startedAt: string;
  private sequence = 0;
  private isConnected = false;
  private announced = false;
  private hello: Publication | null = null;
  private leaving: Publication | null = null;
  private onBye: (() => void) | null = null;

  constructor(writer: MessageWriter, publish: (message: Publication) => void, options: AnnouncerOptions) {
    this.writer = writer;
    this.publish = publish;
    this.options = options;
    this.startedAt = timestamp(options.wall());
  }

  /** Publisher and consumers are in place (again). */
  connected(now: number): void {
    this.isConnected = true;
    if (this.leaving === null) this.sayHello(now);
  }

  /** The publisher is gone; a bye that was on its way counts as said. */
  disconnected(): void {
    this.isConnected = false;
    this.wakeAt = Infinity;
    if (this.leaving !== null) this.saidBye();
  }

  /** Handlers were registered after the start. */
  changed(now: number): void {
    if (this.isConnected && this.leaving === null) this.sayHello(now);
  }

  /** Sends what is due. */
  tick(now: number): void {
    if (!this.isConnected || now < this.wakeAt) return;
    if (this.leaving !== null) {
      this.saidBye();
    } else if (!this.announced) {
      this.sayHello(now);
    } else {
      this.wakeAt = now + HEARTBEAT_MS;
      this.sequence += 1;
      this.send('worker.heartbeat', TYPE_WORKER_HEARTBEAT, { sequence: this.sequence, ...this.options.activity() });
    }
  }

  /** The last message; `done` is called once it is confirmed or cannot be. */
  bye(reason: string, now: number, done: () => void): void {
    this.onBye = done;
    if (!this.isConnected) {
      this.saidBye();
      return;
    }
    this.wakeAt = now + BYE_PATIENCE;
    this.leaving = this.send('worker.bye', TYPE_BYE, { reason });
  }

  confirmed(message: Publication, now: number): void {
    if (message === this.leaving) {
      this.saidBye();
    } else if (message === this.hello) {
      this.hello = null;
      this.announced = true;
      this.wakeAt = now + HEARTBEAT_MS;
      this.options.onReady();
    }
  }

  /** Returned (no such queue yet) or nacked: try again with fresh contents. */
  failed(message: Publication, now: number, returned: boolean): void {
    if (message === this.leaving) {
      this.saidBye();
    } else if (this.leaving === null) {
      this.announced = false;
      this.wakeAt = now + (returned ? MISSING_PAUSE : NACKED_PAUSE);
    }
  }

  private sayHello(now: number): void {
    this.announced = false;
    this.wakeAt = now + HEARTBEAT_MS;
    this.hello = this.send('worker.hello', TYPE_HELLO, {});
  }

  private saidBye(): void {
    this.leaving = null;
    this.wakeAt = Infinity;
    const done = this.onBye;
    this.onBye = null;
    done?.();
  }

  private send(kind: string, type: string, extra: object): Publication {
    const members = {
      ...this.options.members(),
      started_at: this.startedAt,
      pid: process.pid,
      sent_at: timestamp(this.options.wall()),
      ...extra,
    };
    const message = publication({
      purpose: 'worker',
      routingKey: this.options.workersQueue,
      body: this.writer.workerMessage(kind, members),
      type,
      persistent: false,
    });
    this.publish(message);
    return message;
  }
}
