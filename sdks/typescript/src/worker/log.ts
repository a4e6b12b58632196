/** Lines of the worker on stderr. Written directly, so that they appear while a handler blocks the main thread. */
import { writeSync } from 'node:fs';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = typeof LOG_LEVELS[number];

let threshold = LOG_LEVELS.indexOf('info');

/** Lines below this level are left out. */
export function setLogLevel(level: LogLevel): void {
  threshold = LOG_LEVELS.indexOf(level);
}

export function log(level: LogLevel, text: string): void {
  if (LOG_LEVELS.indexOf(level) < threshold) return;
  writeError(`${new Date().toISOString()} ${level.toUpperCase()} ${text}\n`);
}

/** Writes to file descriptor 2; a reader that is gone or slow costs the line, not the worker. */
export function writeError(text: string): void {
  const bytes = Buffer.from(text);
  let at = 0;
  for (let tries = 0; at < bytes.length && tries < 200; tries += 1) {
    try {
      at += writeSync(2, bytes, at);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') return;
      pause(5);
    }
  }
}

/** Blocks the calling thread. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
