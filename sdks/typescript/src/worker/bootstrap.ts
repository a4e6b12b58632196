/** Plain functions around one worker per process, for older code. None of them throws. */
import { VERSION } from '../version.js';
import { WorkerServer } from './server.js';
import type { ServerHealthCheckResult, WorkerServerConfig } from './server.js';

export type BootstrapConfig = WorkerServerConfig;

export interface BootstrapResult {
  success: boolean;
  status: 'started' | 'already_running' | 'failed';
  message: string;
  workerId: string | null;
  error?: string;
}

export interface StopResult {
  success: boolean;
  status: 'stopped' | 'not_running';
  message: string;
  workerId: string | null;
}

export interface WorkerStatus {
  success: boolean;
  running: boolean;
  status: string;
  workerId: string | null;
  version: string;
  processedCount: number;
  errorCount: number;
  error?: string;
}

let server: WorkerServer | null = null;

/** The server of the process, when there is one. */
export function currentServer(): WorkerServer | null {
  return server;
}

export async function bootstrapWorker(config: BootstrapConfig = {}): Promise<BootstrapResult> {
  if (server?.isRunning() === true) {
    return { success: true, status: 'already_running', message: 'the worker runs already', workerId: server.getWorkerId() };
  }
  const made = new WorkerServer();
  try {
    await made.start(config);
  } catch (error) {
    const { message } = error as Error;
    return { success: false, status: 'failed', message, workerId: null, error: message };
  }
  server = made;
  return { success: true, status: 'started', message: 'the worker was started', workerId: made.getWorkerId() };
}

export async function stopWorker(): Promise<StopResult> {
  const running = server;
  if (running?.isRunning() !== true) {
    return { success: true, status: 'not_running', message: 'no worker runs', workerId: null };
  }
  await running.shutdown('stopWorker');
  server = null;
  return { success: true, status: 'stopped', message: 'the worker has stopped', workerId: running.getWorkerId() };
}

export function getWorkerStatus(): WorkerStatus {
  const status = server?.status();
  const base = {
    running: status?.running ?? false,
    status: status?.state ?? 'stopped',
    workerId: status?.workerId ?? null,
    version: VERSION,
    processedCount: status?.processedCount ?? 0,
    errorCount: status?.errorCount ?? 0,
  };
  return status === undefined ? { success: false, ...base, error: 'no worker runs' } : { success: true, ...base };
}

export function isWorkerRunning(): boolean {
  return server?.isRunning() ?? false;
}

/** Starts the stop and does not wait for its end. */
export function transitionToGracefulShutdown(): StopResult {
  const running = server;
  if (running?.isRunning() !== true) {
    return { success: true, status: 'not_running', message: 'no worker runs', workerId: null };
  }
  void running.shutdown('transitionToGracefulShutdown');
  return { success: true, status: 'stopped', message: 'the worker is shutting down', workerId: running.getWorkerId() };
}

export function healthCheck(): ServerHealthCheckResult {
  return server?.healthCheck() ?? { healthy: false, error: 'no worker runs' };
}

export function getVersion(): string {
  return VERSION;
}
