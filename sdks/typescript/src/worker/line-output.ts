/** Lines on a file descriptor, written whole by two threads. */
import { writeSync } from 'node:fs';

import { pause } from './log.js';

const LOCK = 0;
const STEP = 1;

/** The lock and the number of the step that runs (0 = none), shared by both threads. */
export class LineOutput {
  readonly shared: SharedArrayBuffer;
  private readonly state: Int32Array;
  private readonly fd: number;

  constructor(fd: number, shared: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.fd = fd;
    this.shared = shared;
    this.state = new Int32Array(shared);
  }

  /** A heartbeat of a step that has ended must not follow its result. */
  setStep(number: number): void {
    Atomics.store(this.state, STEP, number);
  }

  /** Writes a line if `step` is the step that runs, or any line without it. False when nobody reads any more. */
  write(line: string, step: number | null = null, endsStep = false): boolean {
    while (Atomics.compareExchange(this.state, LOCK, 0, 1) !== 0) Atomics.wait(this.state, LOCK, 1, 1000);
    try {
      if (step !== null && Atomics.load(this.state, STEP) !== step) return true;
      if (endsStep) this.setStep(0);
      return this.writeAll(Buffer.from(`${line}\n`));
    } finally {
      Atomics.store(this.state, LOCK, 0);
      Atomics.notify(this.state, LOCK);
    }
  }

  private writeAll(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length) {
      try {
        at += writeSync(this.fd, bytes, at);
      } catch (error) {
        if ((error as { code?: string }).code !== 'EAGAIN') return false;
        pause(5);
      }
    }
    return true;
  }
}
