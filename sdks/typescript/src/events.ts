/** The notification bus of a worker: what happens in it, for people who want to watch. */
import { EventEmitter } from 'node:events';

export const StepEventNames = Object.freeze({
  STEP_EXECUTION_RECEIVED: 'step.execution.received',
  STEP_EXECUTION_STARTED: 'step.execution.started',
  STEP_EXECUTION_COMPLETED: 'step.execution.completed',
  STEP_EXECUTION_FAILED: 'step.execution.failed',
  STEP_COMPLETION_SENT: 'step.completion.sent',
  STEP_CHECKPOINT_YIELD_SENT: 'step.checkpoint_yield.sent',
} as const);

export const WorkerEventNames = Object.freeze({
  WORKER_STARTED: 'worker.started',
  WORKER_READY: 'worker.ready',
  WORKER_SHUTDOWN_STARTED: 'worker.shutdown.started',
  WORKER_STOPPED: 'worker.stopped',
  WORKER_ERROR: 'worker.error',
} as const);

export const EventNames = Object.freeze({ ...StepEventNames, ...WorkerEventNames } as const);

export type EventName = typeof EventNames[keyof typeof EventNames];

/** Listeners get one object per event. An error of a listener never reaches the worker. */
export class TaskerEventEmitter {
  private readonly inner = new EventEmitter();
  readonly instanceId = Math.random().toString(36).slice(2);

  on(event: EventName | string, listener: (payload: any) => void): this {
    this.inner.on(event, listener);
    return this;
  }

  once(event: EventName | string, listener: (payload: any) => void): this {
    this.inner.once(event, listener);
    return this;
  }

  off(event: EventName | string, listener: (payload: any) => void): this {
    this.inner.off(event, listener);
    return this;
  }

  emit(event: EventName | string, payload?: unknown): boolean {
    try {
      return this.inner.emit(event, payload);
    } catch (error) {
      console.error(`a listener of ${event} failed: ${String(error)}`);
      return true;
    }
  }

  listenerCount(event: EventName | string): number {
    return this.inner.listenerCount(event);
  }

  removeAllListeners(event?: string): this {
    if (event === undefined) this.inner.removeAllListeners();
    else this.inner.removeAllListeners(event);
    return this;
  }
}
