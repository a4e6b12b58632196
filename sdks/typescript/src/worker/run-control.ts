import { clearTimeout, setTimeout } from 'node:timers';
import type { Timer } from 'node:timers';

import type { StepProbe } from '../handler/context.js';
import type { Progress } from '../wire/outgoing.js';
import { monotonic } from './clock.js';
import type { StopReason } from './stop-reason.js';

const BETWEEN_REPORTS_MS = 50;

/** The running step as its context and its runner see it. */
export class RunControl implements StepProbe {
  cancelled = false;
  reason: StopReason | null = null;
  /** Milliseconds since the epoch. */
  readonly startedWall = Date.now();
  /** Resolves when the handler is out of time and is no longer waited for. */
  readonly outOfTime: Promise<void>;
  private readonly abort = new AbortController();
  private readonly onProgress: (progress: Progress) => void;
  private giveUp: () => void = () => undefined;
  private lastReport = -Infinity;
  private waiting: Progress | null = null;
  private timer: Timer | null = null;

  constructor(onProgress: (progress: Progress) => void = () => undefined) {
    this.onProgress = onProgress;
    this.outOfTime = new Promise((resolve) => {
      this.giveUp = resolve;
    });
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Sets the cancelled flag; past `timeout` the handler's promise is abandoned. */
  requestStop(reason: StopReason): void {
    this.reason ??= reason;
    this.cancelled = true;
    this.abort.abort();
    if (reason === 'timeout') this.giveUp();
  }

  /** Passed on at once, then at most every 50 ms; the last one always. */
  reportProgress(done: number, total: number | null, message: string | null): void {
    const progress = { done: Number(done), total: total === null ? null : Number(total), message };
    if (!Number.isFinite(progress.done) || (progress.total !== null && !Number.isFinite(progress.total))) return;
    const wait = this.lastReport + BETWEEN_REPORTS_MS - monotonic();
    if (wait <= 0) {
      this.send(progress);
      return;
    }
    this.waiting = progress;
    this.timer ??= setTimeout(() => {
      if (this.waiting !== null) this.send(this.waiting);
    }, wait).unref();
  }

  private send(progress: Progress): void {
    clearTimeout(this.timer);
    this.timer = this.waiting = null;
    this.lastReport = monotonic();
    this.onProgress(progress);
  }

  /** Nothing more is reported. */
  end(): void {
    clearTimeout(this.timer);
    this.timer = this.waiting = null;
  }
}
