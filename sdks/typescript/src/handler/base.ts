import type { JsonObject } from '../json/value.js';
import type { StepContext } from './context.js';
import { ErrorType, StepHandlerResult } from './result.js';

/** What the worker calls. */
export interface ExecutableHandler {
  readonly name: string;
  readonly version: string;
  readonly capabilities?: string[];
  call(context: StepContext): Promise<StepHandlerResult>;
  configSchema?(): Record<string, unknown> | null;
}

/** A class of handlers: made without arguments, once per step. */
export interface StepHandlerClass {
  new (): StepHandler;
  handlerName?: string;
  handlerVersion?: string;
}

/** Base of handlers in class style. */
export abstract class StepHandler implements ExecutableHandler {
  /** What templates call the handler by; without it, the class's name. */
  static handlerName: string;
  static handlerVersion = '1.0.0';

  /** Runs the step. A plain object or nothing counts as success; an error that leaves it fails the step. */
  abstract call(context: StepContext): Promise<StepHandlerResult>;

  get name(): string {
    return handlerNameOf(this.constructor as unknown as StepHandlerClass);
  }

  get version(): string {
    return (this.constructor as unknown as StepHandlerClass).handlerVersion ?? '1.0.0';
  }

  get capabilities(): string[] {
    return ['process'];
  }

  configSchema(): Record<string, unknown> | null {
    return null;
  }

  protected success(result: JsonObject = {}, metadata: JsonObject = {}): StepHandlerResult {
    return StepHandlerResult.success(result, metadata);
  }

  protected failure(
    message: string,
    errorType: ErrorType | string = ErrorType.HANDLER_ERROR,
    retryable = true,
    metadata: JsonObject = {},
    errorCode?: string,
  ): StepHandlerResult {
    return StepHandlerResult.failure(message, errorType, retryable, metadata, errorCode);
  }
}

/** The registered name of a class: its `handlerName`, else the class's own name. */
export function handlerNameOf(handlerClass: { handlerName?: unknown; name: string } | StepHandlerClass): string {
  const given = (handlerClass as { handlerName?: unknown }).handlerName;
  return typeof given === 'string' && given !== '' ? given : (handlerClass as { name: string }).name;
}

/** Whether something is a class whose instances can be called as handlers. */
export function isHandlerClass(value: unknown): value is StepHandlerClass {
  if (typeof value !== 'function') return false;
  if (value.prototype instanceof StepHandler) return true;
  const prototype = value.prototype as { call?: unknown } | undefined;
  return (
    typeof (value as { handlerName?: unknown }).handlerName === 'string' && typeof prototype?.call === 'function'
  );
}
