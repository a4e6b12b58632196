/** The same messages over standard input and output: one JSON object per line, one step at a time. */
import { spawn } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { createReadStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { clearTimeout, setTimeout } from 'node:timers';
import { isatty, ReadStream } from 'node:tty';
import { Worker } from 'node:worker_threads';

import type { HandlerRegistry } from '../registry/registry.js';
import { isUuid, parseExecute, Unreadable } from '../wire/execute.js';
import type { ExecuteMessage } from '../wire/execute.js';
import { MessageWriter } from '../wire/outgoing.js';
import { guardExit } from './exit-guard.js';
import type { Transport } from './host.js';
import { identityOf, newWorkerId } from './identity.js';
import { LineOutput } from './line-output.js';
import { setLogLevel, writeError } from './log.js';
import type { LoopEnd } from './port.js';
import type { PulseStart, ToPulse } from './pulse-thread.js';
import { RunControl } from './run-control.js';
import { StepRunner } from './runner.js';
import type { WorkerSettings } from './settings.js';

const LONGEST_TIMER = 2 ** 31 - 1;
/** Says to a process that answers go to this file descriptor, and that the lines come from {@link INPUT_FD}. */
const ANSWERS = 'TASKER_STDIO_ANSWERS_FD';
const ANSWERS_FD = 3;
const INPUT_FD = 4;
const NEWLINE = 10;

/** The file descriptor for answers, when this process was started by {@link runWithStdoutMoved}. */
export function answersDescriptor(environment: Record<string, string | undefined> = process.env): number | null {
  return environment[ANSWERS] === String(ANSWERS_FD) ? ANSWERS_FD : null;
}

/**
 * Runs this command again with the file descriptors 0 and 1 out of the way: what a handler or a child of it prints goes to
 * stderr, and what it reads is empty instead of the next step's line. Node cannot move a descriptor within a process.
 * Gives the exit code.
 */
export function runWithStdoutMoved(): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, [ANSWERS]: String(ANSWERS_FD) },
    stdio: ['ignore', 2, 2, 1, 0],
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error: Error) => {
      writeError(`error: cannot start ${process.execPath}: ${error.message}\n`);
      resolve(2);
    });
    child.on('exit', (code: number | null, signal: string | null) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal] ?? 0));
    });
  });
}

/** A stream over whatever the caller's stdin is, as `process.stdin` would be. */
function openInput(fd: number): EventEmitter {
  if (isatty(fd)) return new ReadStream(fd);
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket() ? new Socket({ fd, readable: true }) : createReadStream('', { fd });
}

/** Reads `step.execute` lines from stdin and writes `step.heartbeat` and `step.result` lines. */
export class StdioHost implements Transport {
  readonly workerId: string;
  readonly ended: Promise<LoopEnd>;
  private readonly writer: MessageWriter;
  private readonly runner: StepRunner;
  private readonly output: LineOutput;
  private readonly pulse: Worker;
  private stepNumber = 0;
  private readonly settings: WorkerSettings;
  private parts: Buffer[] = [];
  private readonly lines: Buffer[] = [];
  private inputEnded = false;
  private stopping = false;
  private serving = false;
  private control: RunControl | null = null;
  private resolveEnded: (end: LoopEnd) => void = () => undefined;

  constructor(settings: WorkerSettings, registry: HandlerRegistry, fd: number) {
    this.settings = settings;
    this.workerId = newWorkerId(settings.workerId);
    const identity = identityOf(this.workerId, settings.hostname);
    this.writer = new MessageWriter(identity);
    this.runner = new StepRunner(registry, this.writer);
    this.output = new LineOutput(fd);
    const workerData: PulseStart = { fd, shared: this.output.shared, identity };
    this.pulse = new Worker(new URL('./pulse-thread.js', import.meta.url), { workerData, execArgv: [] });
    this.pulse.unref();
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
  }

  start(): void {
    guardExit();
    setLogLevel(this.settings.logLevel);
    const input = openInput(INPUT_FD);
    input.on('data', (chunk: Buffer) => this.read(chunk));
    input.on('end', () => {
      this.inputEnded = true;
      if (this.parts.length > 0) this.line();
      void this.serve();
    });
    input.on('error', () => {
      this.inputEnded = true;
      void this.serve();
    });
  }

  /** The host cancels the running step with SIGTERM; between two steps it ends the process. */
  drain(_reason: string): void {
    this.stopping = true;
    this.control?.requestStop('cancelled');
    if (!this.serving) this.finish();
  }

  private read(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.parts.push(rest.subarray(0, end));
      this.line();
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.parts.push(rest);
    void this.serve();
  }

  private line(): void {
    const line = Buffer.concat(this.parts);
    this.parts = [];
    if (line.toString('latin1').trim() !== '') this.lines.push(line);
  }

  private async serve(): Promise<void> {
    if (this.serving) return;
    this.serving = true;
    for (let line = this.lines.shift(); line !== undefined && !this.stopping; line = this.lines.shift()) {
      await this.step(line);
    }
    this.serving = false;
    if (this.inputEnded || this.stopping) this.finish();
  }

  private async step(line: Buffer): Promise<void> {
    let message: ExecuteMessage;
    try {
      message = parseExecute(line);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      writeError(`unreadable line (${error.errorType}): ${error.message}\n`);
      const known = error.dispatchId !== null && isUuid(error.dispatchId) ? error.dispatchId : null;
      this.write(this.writer.invalid(known, error.errorType, error.message, Date.now()));
      return;
    }
    this.stepNumber += 1;
    const number = this.stepNumber;
    const control = new RunControl((progress) => this.tell({ kind: 'progress', number, progress }));
    this.control = control;
    this.output.setStep(number);
    this.tell({ kind: 'begin', number, step: message, startedAt: control.startedWall });
    const limit = message.timeoutMs ?? this.settings.defaultTimeoutMs;
    const timer = limit === null ? null : setTimeout(() => control.requestStop('timeout'), Math.min(limit, LONGEST_TIMER));
    const answer = await this.runner.execute(message, control);
    this.control = null;
    clearTimeout(timer);
    this.tell({ kind: 'end' });
    this.write(answer.body);
  }

  private tell(message: ToPulse): void {
    this.pulse.postMessage(message);
  }

  private write(body: string): void {
    // When nobody reads the answers any more, there is nothing left to do.
    if (!this.output.write(body, null, true)) this.stopping = true;
  }

  private finish(): void {
    void this.pulse.terminate();
    this.resolveEnded({ code: 0, refusal: null, handlersLeft: false });
  }
}
