import type { ExecutableHandler, StepHandlerClass } from '../handler/base.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';

/** Which handler a step wants. */
export interface HandlerDefinition {
  callable: string;
  method: string | null;
  resolver: string | null;
  initialization: JsonObject;
}

/** A definition, its parts, or just the callable. */
export type HandlerSpec =
  | string
  | HandlerDefinition
  | { callable: string; method?: string | null; resolver?: string | null; initialization?: JsonObject | null };

/** Makes a handler; the argument is the template's `initialization`. */
export type HandlerFactory = (config: JsonObject) => ExecutableHandler | Promise<ExecutableHandler>;
/** What may be registered: a class, an instance that serves all steps, or a factory. */
export type HandlerEntry = StepHandlerClass | ExecutableHandler | HandlerFactory;

export function fromCallable(callable: string): HandlerDefinition {
  return { callable, method: null, resolver: null, initialization: {} };
}

/** From an object with any spelling of the parts. */
export function fromDto(dto: JsonObject): HandlerDefinition {
  const text = (...values: unknown[]): string | null => {
    for (const value of values) if (typeof value === 'string' && value !== '') return value;
    return null;
  };
  return {
    callable: text(dto['callable'], dto['handlerCallable'], dto['handler_callable']) ?? '',
    method: text(dto['method'], dto['handlerMethod'], dto['handler_method']),
    resolver: text(dto['resolver'], dto['handlerResolver'], dto['handler_resolver']),
    initialization: isObject(dto['initialization']) ? dto['initialization'] : {},
  };
}

export function normalizeToDefinition(spec: HandlerSpec): HandlerDefinition {
  return typeof spec === 'string' ? fromCallable(spec) : fromDto(spec as JsonObject);
}

/** The method to call. */
export function effectiveMethod(definition: HandlerDefinition): string {
  return definition.method ?? 'call';
}

export function usesMethodDispatch(definition: HandlerDefinition): boolean {
  return effectiveMethod(definition) !== 'call';
}

export function hasResolverHint(definition: HandlerDefinition): boolean {
  return definition.resolver !== null && definition.resolver !== '';
}
