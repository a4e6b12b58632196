/** From what a handler returned or threw to what is said about it. */
import { StepCancelledError, secondsOf } from '../handler/errors.js';
import { isHandlerResult, StepHandlerResult } from '../handler/result.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import type { ExecuteMessage } from '../wire/execute.js';
import { cutBacktrace, MAX_BACKTRACE_BYTES } from '../wire/outgoing.js';
import { safeText } from '../json/write.js';
import type { RunControl } from './run-control.js';

/** A failure before it is written. */
export interface Failure {
  kind: 'failure';
  message: string;
  errorType: string;
  retryable: boolean;
  errorCode: string | null;
  retryAfter: number | null;
  backtrace: string[];
  metadata: JsonObject;
}

export interface Success {
  kind: 'success';
  result: unknown;
  retryable: boolean;
  metadata: JsonObject;
}

export function failure(message: string, errorType: string, retryable: boolean, more: Partial<Failure> = {}): Failure {
  return {
    kind: 'failure', message, errorType, retryable, errorCode: null, retryAfter: null, backtrace: [], metadata: {}, ...more,
  };
}

/** What was returned. */
export function outcomeOf(returned: unknown, handlerName: string): Success | Failure {
  if (isHandlerResult(returned)) {
    if (!returned.success) return failureFromResult(returned);
    return {
      kind: 'success', result: returned.result ?? {}, retryable: returned.retryable !== false,
      metadata: isObject(returned.metadata) ? returned.metadata : {},
    };
  }
  if (returned === undefined || returned === null || isObject(returned)) {
    return { kind: 'success', result: returned ?? {}, retryable: true, metadata: {} };
  }
  return failure(
    `handler ${handlerName} returned ${kindOf(returned)}: return this.success({...}), this.failure(...) or an object`,
    'handler_error', false,
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function failureFromResult(result: StepHandlerResult): Failure {
  const metadata = isObject(result.metadata) ? result.metadata : {};
  const headers: unknown = result.orchestrationMetadata?.['headers'];
  const header: unknown = isObject(headers) ? headers['Retry-After'] ?? headers['retry-after'] : undefined;
  // JavaScript passes anything for a string, and `this.failure(error)` is easily written.
  const message: unknown = result.errorMessage;
  const errorType: unknown = result.errorType;
  const errorCode: unknown = result.errorCode;
  return failure(
    message === null || message === undefined || message === '' ? 'the handler reported a failure without a message' : textOf(message),
    typeof errorType === 'string' && errorType !== '' ? errorType : 'handler_error',
    result.retryable !== false,
    {
      errorCode: typeof errorCode === 'string' || typeof errorCode === 'number' ? String(errorCode) : null,
      retryAfter: secondsOf(metadata['retry_after_seconds'], metadata['retry_after'], metadata['retryAfter'], numeric(header)),
      // A handler in functional style has caught the error itself.
      backtrace: typeof metadata['stack'] === 'string' ? cutBacktrace(metadata['stack'].split('\n')) : [],
      metadata,
    },
  );
}

function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
}

/** What was thrown. */
export function failureOf(error: unknown, control: RunControl, message: ExecuteMessage): Failure {
  if (control.cancelled && stoppedEarly(error)) {
    if (control.reason === 'timeout') return timedOut(message);
    return failure('the handler stopped because the step was cancelled', 'cancelled', false);
  }
  const known = isObject(error) ? error : {};
  const explicit = read(known, 'retryable');
  const attached = read(known, 'metadata');
  const backtrace = backtraceOf(known);
  const metadata: JsonObject = {
    ...(isObject(attached) ? attached : {}),
    exception_type: typeNameOf(error),
    stack: safeText(backtrace.join('\n'), MAX_BACKTRACE_BYTES),
  };
  const code = read(known, 'errorCode') ?? read(known, 'error_code') ?? read(known, 'code');
  return failure(textOf(error), typeNameOf(error), typeof explicit === 'boolean' ? explicit : true, {
    errorCode: typeof code === 'string' ? code : null,
    retryAfter: secondsOf(
      read(known, 'retryAfter'), read(known, 'retry_after'), metadata['retry_after_seconds'], metadata['retry_after'],
      metadata['retryAfter'],
    ),
    backtrace,
    metadata,
  });
}

export function timedOut(message: ExecuteMessage): Failure {
  const limit = message.timeoutMs === null ? 'its time limit' : `${message.timeoutMs / 1000} s`;
  return failure(`the handler ran longer than ${limit}`, 'timeout', true);
}

/** A handler that was told to stop and did. */
function stoppedEarly(error: unknown): boolean {
  return error instanceof StepCancelledError || (isObject(error) && read(error, 'name') === 'AbortError');
}

/** Getters of foreign errors may throw. */
function read(object: JsonObject, key: string): unknown {
  try {
    return object[key] as unknown;
  } catch {
    return undefined;
  }
}

function typeNameOf(error: unknown): string {
  if (!isObject(error)) return error === null || error === undefined ? 'Error' : typeof error;
  const made: unknown = (read(error, 'constructor') as { name?: unknown } | undefined)?.name;
  const named = read(error, 'name');
  if (made === 'DOMException' && typeof named === 'string') return named;
  if (typeof made === 'string' && made !== '' && made !== 'Object') return made;
  return typeof named === 'string' && named !== '' ? named : 'Error';
}

function textOf(error: unknown): string {
  try {
    if (isObject(error) && typeof error['message'] === 'string') return error['message'] || typeNameOf(error);
    return String(error) || typeNameOf(error);
  } catch {
    return typeNameOf(error);
  }
}

/** Frames of the worker itself say nothing about the handler. */
function backtraceOf(error: JsonObject): string[] {
  const stack = read(error, 'stack');
  if (typeof stack !== 'string') return [];
  const lines = stack.split('\n').filter((line) => !/\/worker\/(runner|host)\.js:/.test(line));
  return cutBacktrace(lines);
}
