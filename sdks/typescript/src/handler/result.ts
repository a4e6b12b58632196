import type { JsonObject } from '../json/value.js';

/** Error types with a common meaning. Any other text is allowed, too. */
export const ErrorType = Object.freeze({
  PERMANENT_ERROR: 'permanent_error',
  RETRYABLE_ERROR: 'retryable_error',
  VALIDATION_ERROR: 'validation_error',
  TIMEOUT: 'timeout',
  HANDLER_ERROR: 'handler_error',
} as const);
export type ErrorType = typeof ErrorType[keyof typeof ErrorType];

const STANDARD = new Set<string>(Object.values(ErrorType));

/** Whether a text is one of {@link ErrorType}. */
export function isStandardErrorType(errorType: string): errorType is ErrorType {
  return STANDARD.has(errorType);
}

/** Whether failures of this type are usually tried again. Only `retryable` decides about that. */
export function isTypicallyRetryable(errorType: string): boolean {
  return errorType === ErrorType.RETRYABLE_ERROR || errorType === ErrorType.TIMEOUT;
}

export interface StepHandlerResultParams {
  success: boolean;
  result?: JsonObject | null;
  errorMessage?: string | null;
  errorType?: string | null;
  errorCode?: string | null;
  retryable?: boolean;
  metadata?: JsonObject;
  orchestrationMetadata?: JsonObject | null;
}

/** What a handler hands back. */
export class StepHandlerResult {
  readonly success: boolean;
  readonly result: JsonObject | null;
  readonly errorMessage: string | null;
  readonly errorType: string | null;
  readonly errorCode: string | null;
  readonly retryable: boolean;
  readonly metadata: JsonObject;
  readonly orchestrationMetadata: JsonObject | null;

  constructor(params: StepHandlerResultParams) {
    this.success = params.success;
    this.result = params.result ?? null;
    this.errorMessage = params.errorMessage ?? null;
    this.errorType = params.errorType ?? null;
    this.errorCode = params.errorCode ?? null;
    this.retryable = params.retryable ?? true;
    this.metadata = params.metadata ?? {};
    this.orchestrationMetadata = params.orchestrationMetadata ?? null;
  }

  static success(result: JsonObject = {}, metadata: JsonObject = {}): StepHandlerResult {
    return new StepHandlerResult({ success: true, result, metadata });
  }

  /** `metadata.retry_after_seconds` (or `retry_after`) is how long to wait at least before the next attempt. */
  static failure(
    message: string,
    errorType: ErrorType | string = ErrorType.HANDLER_ERROR,
    retryable = true,
    metadata: JsonObject = {},
    errorCode?: string,
  ): StepHandlerResult {
    return new StepHandlerResult({
      success: false, errorMessage: message, errorType, retryable, metadata, errorCode: errorCode ?? null,
    });
  }

  isSuccess(): boolean {
    return this.success;
  }

  isFailure(): boolean {
    return !this.success;
  }

  toJSON(): JsonObject {
    return {
      success: this.success,
      result: this.result,
      error_message: this.errorMessage,
      error_type: this.errorType,
      error_code: this.errorCode,
      retryable: this.retryable,
      metadata: this.metadata,
      orchestration_metadata: this.orchestrationMetadata,
    };
  }
}

/** A result is recognised by its shape as well, for two copies of the package may be loaded. */
export function isHandlerResult(value: unknown): value is StepHandlerResult {
  if (value instanceof StepHandlerResult) return true;
  const shape = value as { isSuccess?: unknown; isFailure?: unknown; success?: unknown } | null | undefined;
  return (
    typeof shape === 'object' && shape !== null && typeof shape.success === 'boolean' &&
    typeof shape.isSuccess === 'function' && typeof shape.isFailure === 'function'
  );
}
