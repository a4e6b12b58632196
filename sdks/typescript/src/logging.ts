/**
 * Structured log lines: one JSON object each. Lines that a handler writes say which step they belong to: `task`, `step`,
 * `attempt` and `trace_id` are added.
 */
import { currentStep } from './worker/current-step.js';
import { answersDescriptor } from './worker/stdio.js';

/** Members beside the message. */
export interface LogFields {
  [name: string]: unknown;
}

type Level = 'error' | 'warn' | 'info' | 'debug' | 'trace';

const overStdio = answersDescriptor() !== null;

function write(level: Level, message: string, fields: LogFields = {}): void {
  const line = JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...currentStep.getStore(), ...fields }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value);
  if (overStdio) console.error(line);
  else console.log(line);
}

export function logError(message: string, fields?: LogFields): void {
  write('error', message, fields);
}
export function logWarn(message: string, fields?: LogFields): void {
  write('warn', message, fields);
}
export function logInfo(message: string, fields?: LogFields): void {
  write('info', message, fields);
}
export function logDebug(message: string, fields?: LogFields): void {
  write('debug', message, fields);
}
export function logTrace(message: string, fields?: LogFields): void {
  write('trace', message, fields);
}

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  trace(message: string, fields?: LogFields): void;
}

/** A logger whose lines all carry `defaults`. */
export function createLogger(defaults: LogFields = {}): Logger {
  const at = (level: Level) => (message: string, fields: LogFields = {}): void => {
    write(level, message, { ...defaults, ...fields });
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), trace: at('trace') };
}
