/** A worker in a process of its own, with its output collected. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import { eventually } from './waiting.js';
import { PACKAGE } from './vectors.js';

export const HANDLERS = `${PACKAGE}dist/test/support/handlers.js`;

/** Without settings of the caller. */
export function cleanEnvironment(environment: Record<string, string> = {}): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TASKER_|RABBITMQ_|NODE_TEST|TYPESCRIPT_)/.test(name));
  return { ...Object.fromEntries(kept), ...environment };
}

/** `tasker-worker` with the handlers of the tests. */
export class WorkerProcess {
  readonly child: ChildProcess;
  output = '';
  private readonly ended: Promise<number>;

  constructor(environment: Record<string, string>, flags: string[] = [], paths: string[] = [HANDLERS]) {
    this.child = spawn(process.execPath, [`${PACKAGE}bin/tasker-worker.js`, ...paths, ...flags], {
      env: cleanEnvironment(environment), stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code: number | null, signal: string | null) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 255)));
    });
  }

  /** Until the output holds `text` that many times. */
  async waitFor(text: string, count = 1, seconds = 30): Promise<void> {
    await eventually(() => {
      if (this.output.split(text).length - 1 >= count) return true;
      if (this.child.exitCode !== null) throw new Error(`the worker ended with ${this.child.exitCode}:\n${this.output}`);
      return false;
    }, `'${text}' in the worker's output`, seconds, () => this.output);
  }

  ready(): Promise<void> {
    return this.waitFor('ready: worker');
  }

  signal(name: string): void {
    this.child.kill(name);
  }

  /** The exit code. */
  async wait(seconds = 60): Promise<number> {
    let code: number | null = null;
    void this.ended.then((value) => {
      code = value;
    });
    await eventually(() => code !== null, 'the end of the worker', seconds, () => this.output);
    return code as unknown as number;
  }

  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
