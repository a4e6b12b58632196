/** A worker inside an application. */
import { WorkerEventNames, TaskerEventEmitter } from '../events.js';
import { HandlerSystem } from '../registry/system.js';
import { AmqpHost } from './host.js';
import type { Transport } from './host.js';
import { writeError } from './log.js';
import { readSettings, splitList } from './settings.js';
import { ShutdownController } from './shutdown.js';
import type { ShutdownHandler } from './shutdown.js';

export interface WorkerServerConfig {
  /** Namespaces to serve, a comma list is possible; added to `TASKER_NAMESPACE`. */
  namespace?: string;
  logLevel?: string;
  /** Handlers at once, default 10. */
  maxConcurrentHandlers?: number;
  /** Time limit, in milliseconds, of steps whose message sets none. */
  handlerTimeoutMs?: number;
  /** Default: the namespace. */
  queue?: string;
  /** Take steps of callables that are not registered: resolvers find them. */
  anyHandler?: boolean;
  amqpUrl?: string;
  /** `amqp`; programs that speak stdin and stdout use the command `tasker-worker`. */
  transport?: 'amqp';
  /** The beginning of the worker's id. */
  workerId?: string;
  // Accepted and ignored: settings of older packages.
  configPath?: string;
  databaseUrl?: string;
  libraryPath?: string;
  pollIntervalMs?: number;
  starvationCheckInterval?: number;
  cleanupInterval?: number;
  metricsInterval?: number;
}

export type ServerState = 'initialized' | 'starting' | 'running' | 'shutting_down' | 'stopped' | 'error';

export interface ServerStatus {
  state: ServerState;
  workerId: string | null;
  running: boolean;
  processedCount: number;
  errorCount: number;
  activeHandlers: number;
  uptimeMs: number;
}

export interface ServerHealthCheckResult {
  healthy: boolean;
  status?: ServerStatus;
  error?: string;
}

/** Serves the registered handlers. Handlers may be registered before or after `start`. */
export class WorkerServer {
  /** What happens in the worker. */
  readonly events = new TaskerEventEmitter();
  private readonly options: WorkerServerConfig;
  private readonly system = new HandlerSystem();
  private readonly controller = new ShutdownController();
  private state: ServerState = 'initialized';
  private host: (Transport & Pick<AmqpHost, 'processedCount' | 'errorCount' | 'activeHandlers' | 'connected' | 'ready'>) | null = null;
  private startedAt = 0;
  private problem: string | null = null;

  constructor(options: WorkerServerConfig = {}) {
    this.options = options;
  }

  /**
   * Loads `TYPESCRIPT_HANDLER_PATH` when it is set and connects in the background. Throws a SettingsError for wrong
   * settings. A broker that is away is waited for.
   */
  async start(config: WorkerServerConfig = {}): Promise<this> {
    if (this.state === 'starting' || this.state === 'running') return this;
    const chosen = { ...this.options, ...config };
    this.state = 'starting';
    this.problem = null;
    try {
      await this.system.initialize();
      const settings = readSettings({
        amqpUrl: chosen.amqpUrl,
        namespaces: splitList(chosen.namespace),
        queues: splitList(chosen.queue),
        slots: chosen.maxConcurrentHandlers,
        defaultTimeoutMs: chosen.handlerTimeoutMs,
        workerId: chosen.workerId,
        anyHandler: chosen.anyHandler,
        logLevel: chosen.logLevel,
      });
      await this.system.loadFromEnv();
      const host = new AmqpHost(settings, this.system.getRegistry());
      this.host = host;
      host.start();
      this.startedAt = Date.now();
      this.state = 'running';
      this.events.emit(WorkerEventNames.WORKER_STARTED, { workerId: host.workerId });
      void host.ready.then(() => this.events.emit(WorkerEventNames.WORKER_READY, { workerId: host.workerId }));
      void host.ended.then((end) => this.hasEnded(end.code, end.refusal));
    } catch (error) {
      this.state = 'error';
      this.problem = (error as Error).message;
      throw error;
    }
    return this;
  }

  /** Resolves when the worker's first hello is confirmed: it gets work from then on. */
  async ready(): Promise<void> {
    await this.host?.ready;
  }

  /** Takes no more steps, lets running ones finish within the grace period, leaves. */
  async shutdown(reason = 'shutdown'): Promise<void> {
    const { host } = this;
    if (host === null || this.state === 'stopped' || this.state === 'error') {
      this.state = this.state === 'error' ? 'error' : 'stopped';
      return;
    }
    if (this.state === 'running') {
      this.state = 'shutting_down';
      this.events.emit(WorkerEventNames.WORKER_SHUTDOWN_STARTED, { reason });
      this.controller.trigger(reason);
      host.drain(reason);
    }
    await host.ended;
    await this.controller.executeHandlers();
  }

  onShutdown(handler: ShutdownHandler): void {
    this.controller.onShutdown(handler);
  }

  status(): ServerStatus {
    return {
      state: this.state,
      workerId: this.host?.workerId ?? null,
      running: this.isRunning(),
      processedCount: this.host?.processedCount ?? 0,
      errorCount: this.host?.errorCount ?? 0,
      activeHandlers: this.host?.activeHandlers ?? 0,
      uptimeMs: this.startedAt === 0 ? 0 : Date.now() - this.startedAt,
    };
  }

  healthCheck(): ServerHealthCheckResult {
    const status = this.status();
    if (!status.running) return { healthy: false, status, error: this.problem ?? `the worker is ${this.state}` };
    if (this.host?.connected !== true) return { healthy: false, status, error: 'not connected to RabbitMQ' };
    return { healthy: true, status };
  }

  getState(): ServerState {
    return this.state;
  }

  getWorkerId(): string | null {
    return this.host?.workerId ?? null;
  }

  isRunning(): boolean {
    return this.state === 'running' || this.state === 'shutting_down';
  }

  getHandlerSystem(): HandlerSystem {
    return this.system;
  }

  private hasEnded(code: number, refusal: string | null): void {
    if (refusal !== null) {
      writeError(`error: ${refusal}\n`);
      this.problem = refusal;
    }
    this.state = code === 0 ? 'stopped' : 'error';
    this.events.emit(code === 0 ? WorkerEventNames.WORKER_STOPPED : WorkerEventNames.WORKER_ERROR, { code, error: refusal });
  }
}

export function createWorkerServer(options: WorkerServerConfig = {}): WorkerServer {
  return new WorkerServer(options);
}
