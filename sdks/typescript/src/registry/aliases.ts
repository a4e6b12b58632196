import type { StepHandlerClass } from '../handler/base.js';
import type { HandlerRegistry } from './registry.js';

/** The name that qualifies a class with its module. */
export function setAliases(registry: HandlerRegistry, handlerClass: StepHandlerClass, module: string): void {
  registry.alias(`${module}.${(handlerClass as { name: string }).name}`, handlerClass);
}
