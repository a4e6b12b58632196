/** Errors that handlers throw: the class decides whether the step is tried again. */
import type { JsonObject } from '../json/value.js';

/** What an error may say about itself. `retryAfter` in seconds, used only when the error is retryable. */
export interface TaskerErrorOptions {
  retryable?: boolean;
  errorCode?: string;
  retryAfter?: number;
  cause?: unknown;
}

/**
 * An error with a retry decision and data for people. `metadata` travels with the failure; its `retry_after` (or
 * `retryAfter`), in seconds, is how long to wait at least.
 */
export class TaskerError extends Error {
  readonly retryable: boolean;
  readonly metadata: JsonObject;
  readonly errorCode: string | null;
  readonly retryAfter: number | null;

  constructor(message: string, metadata: JsonObject = {}, options: TaskerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.metadata = { ...metadata };
    this.retryable = options.retryable ?? new.target.retryableByDefault;
    this.errorCode = options.errorCode ?? textOf(metadata['error_code'] ?? metadata['errorCode']);
    this.retryAfter = options.retryAfter ?? secondsOf(metadata['retry_after'], metadata['retryAfter']);
  }

  /** What instances of the class say unless told otherwise. */
  static get retryableByDefault(): boolean {
    return true;
  }

  toJSON(): JsonObject {
    return { error_type: this.name, message: this.message, retryable: this.retryable, metadata: this.metadata };
  }
}

/** Trying again cannot help: the step fails at once. */
export class PermanentError extends TaskerError {
  static override get retryableByDefault(): boolean {
    return false;
  }
}

/** May succeed later: the step is tried again while attempts are left. */
export class RetryableError extends TaskerError {}

/** The input is wrong. */
export class ValidationError extends PermanentError {}
/** What the step needs does not exist. */
export class NotFoundError extends PermanentError {}
/** Credentials were refused. */
export class AuthenticationError extends PermanentError {}
/** The credentials do not allow it. */
export class AuthorizationError extends PermanentError {}
/** The handler or its template is set up wrongly. */
export class ConfigurationError extends PermanentError {}
/** A rule of the business forbids it. */
export class BusinessLogicError extends PermanentError {}

/** Something took too long. */
export class TimeoutError extends RetryableError {}
/** A connection could not be made or broke. */
export class NetworkError extends RetryableError {}
/** The other side asked for fewer calls; give `retryAfter` when it said how long. */
export class RateLimitError extends RetryableError {}
/** The other side is down for now. */
export class ServiceUnavailableError extends RetryableError {}
/** A lock or a row is held by somebody else. */
export class ResourceContentionError extends RetryableError {}

/**
 * The handler stopped early because the step was cancelled or ran past its time. Thrown by
 * `context.throwIfCancelled()`; the worker answers `cancelled` (not retried) or `timeout`.
 */
export class StepCancelledError extends TaskerError {
  static override get retryableByDefault(): boolean {
    return false;
  }
}

/** The first of the values that is a number of seconds, from 0. */
export function secondsOf(...values: unknown[]): number | null {
  for (const value of values) {
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  }
  return null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

const PERMANENT_NAMES = new Set(['TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'URIError', 'AssertionError']);
const RETRYABLE_CODES = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'EBUSY', 'EAGAIN',
]);

/**
 * An aid for handlers that must decide whether a foreign error is worth another try. The worker itself does not
 * consult it: an error that leaves a handler is retryable unless it says otherwise.
 */
export class ErrorClassifier {
  private readonly byDefault: boolean;

  constructor(options: { defaultRetryable?: boolean } = {}) {
    this.byDefault = options.defaultRetryable ?? true;
  }

  /** Whether another try may help. */
  isRetryable(error: unknown): boolean {
    return this.classify(error).retryable;
  }

  /** Whether another try cannot help. */
  isPermanent(error: unknown): boolean {
    return !this.isRetryable(error);
  }

  /** The decision and the rule that made it. */
  classify(error: unknown): { errorType: string; retryable: boolean; classification: string } {
    const known = error as { retryable?: unknown; code?: unknown; name?: unknown } | null | undefined;
    const errorType = typeof known?.name === 'string' ? known.name : typeof error;
    if (typeof known?.retryable === 'boolean') {
      return { errorType, retryable: known.retryable, classification: 'explicit_attribute' };
    }
    if (typeof known?.code === 'string' && RETRYABLE_CODES.has(known.code)) {
      return { errorType, retryable: true, classification: 'retryable_code' };
    }
    if (errorType === 'AbortError' || errorType === 'TimeoutError') {
      return { errorType, retryable: true, classification: 'retryable_class' };
    }
    if (PERMANENT_NAMES.has(errorType)) return { errorType, retryable: false, classification: 'permanent_class' };
    return { errorType, retryable: this.byDefault, classification: 'default' };
  }
}
