/** The side that runs handlers: starts the thread with the connections and serves what it hands over. */
import { Worker } from 'node:worker_threads';

import { parseAmqpUrl, warningsOf } from '../amqp/url.js';
import type { HandlerRegistry } from '../registry/registry.js';
import { MessageWriter } from '../wire/outgoing.js';
import type { ExecuteMessage } from '../wire/execute.js';
import { publishLocal } from './domain-events.js';
import { guardExit } from './exit-guard.js';
import { identityOf, newWorkerId } from './identity.js';
import { log, setLogLevel } from './log.js';
import type { FromLoop, HandlerList, LoopEnd, LoopStart, ToLoop } from './port.js';
import { RunControl } from './run-control.js';
import { StepRunner } from './runner.js';
import type { Answer } from './runner.js';
import type { WorkerSettings } from './settings.js';

/** How a worker is run: over AMQP, over stdin and stdout, in memory for tests. */
export interface Transport {
  readonly workerId: string;
  start(): void;
  /** Take no more steps, let running ones finish, leave. */
  drain(reason: string): void;
  readonly ended: Promise<LoopEnd>;
}

/** A worker on RabbitMQ. `start` returns at once; `ready` resolves when the first hello is confirmed. */
export class AmqpHost implements Transport {
  readonly workerId: string;
  readonly ended: Promise<LoopEnd>;
  readonly ready: Promise<void>;
  processedCount = 0;
  errorCount = 0;
  connected = false;
  private readonly settings: WorkerSettings;
  private readonly registry: HandlerRegistry;
  private readonly runner: StepRunner;
  private readonly running = new Map<string, RunControl>();
  /** Answers whose confirm is waited for, for in-process events. */
  private readonly unconfirmed = new Map<string, Answer>();
  private thread: Worker | null = null;
  private end: LoopEnd | null = null;
  private resolveEnded: (end: LoopEnd) => void = () => undefined;
  private resolveReady: () => void = () => undefined;
  private stopListening: () => void = () => undefined;
  private announcing = false;

  constructor(settings: WorkerSettings, registry: HandlerRegistry) {
    this.settings = settings;
    this.registry = registry;
    this.workerId = newWorkerId(settings.workerId);
    this.runner = new StepRunner(registry, new MessageWriter(identityOf(this.workerId, settings.hostname)));
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
    this.ready = new Promise((resolve) => {
      this.resolveReady = resolve;
    });
  }

  get activeHandlers(): number {
    return this.running.size;
  }

  start(): void {
    guardExit();
    setLogLevel(this.settings.logLevel);
    for (const text of warningsOf(parseAmqpUrl(this.settings.amqpUrl))) log('warn', text);
    const workerData: LoopStart = {
      settings: this.settings, workerId: this.workerId, handlers: this.handlers(),
    };
    const thread = new Worker(new URL('./io-thread.js', import.meta.url), { workerData, execArgv: [] });
    this.thread = thread;
    thread.on('message', (message: FromLoop) => this.receive(message));
    thread.on('error', (error: Error) => {
      log('error', `the connection thread ended unexpectedly; this is a defect of the SDK: ${error.stack ?? error.message}`);
      this.finish({ code: 1, refusal: null, handlersLeft: this.running.size > 0 });
    });
    thread.on('exit', () => this.finish({ code: 1, refusal: null, handlersLeft: this.running.size > 0 }));
    this.stopListening = this.registry.onChange(() => this.handlersChanged());
  }

  drain(reason: string): void {
    this.send({ kind: 'drain', reason });
  }

  /** One line about what the worker is doing. */
  logStatus(): void {
    this.send({ kind: 'status' });
  }

  private handlers(): HandlerList {
    return {
      names: this.registry.callableNames(),
      open: this.settings.anyHandler || this.registry.hasOwnResolvers,
    };
  }

  /** Many handlers are registered in a row; one hello says it all. */
  private handlersChanged(): void {
    if (this.announcing) return;
    this.announcing = true;
    queueMicrotask(() => {
      this.announcing = false;
      this.send({ kind: 'handlers', handlers: this.handlers() });
    });
  }

  private send(message: ToLoop): void {
    if (this.end === null) this.thread?.postMessage(message);
  }

  private receive(message: FromLoop): void {
    switch (message.kind) {
      case 'run':
        void this.run(message.key, message.message);
        break;
      case 'stop':
        this.running.get(message.key)?.requestStop(message.reason);
        break;
      case 'settled': {
        const answer = this.unconfirmed.get(message.key);
        this.unconfirmed.delete(message.key);
        if (answer?.events != null) publishLocal(answer.events);
        break;
      }
      case 'ready':
        this.resolveReady();
        break;
      case 'connected':
        this.connected = message.connected;
        break;
      case 'ended':
        this.finish(message);
        break;
    }
  }

  private async run(key: string, message: ExecuteMessage): Promise<void> {
    const control = new RunControl((progress) => this.send({ kind: 'progress', key, progress }));
    this.running.set(key, control);
    const answer = await this.runner.execute(message, control);
    this.running.delete(key);
    this.processedCount += 1;
    if (answer.failed) this.errorCount += 1;
    if (answer.events !== null && answer.events.local.length > 0) this.unconfirmed.set(key, answer);
    this.send({ kind: 'finished', key, body: answer.body, failed: answer.failed });
  }

  private finish(end: LoopEnd): void {
    if (this.end !== null) return;
    this.end = end;
    this.stopListening();
    this.connected = false;
    void this.thread?.terminate();
    this.resolveEnded(end);
  }
}
