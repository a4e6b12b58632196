import type { ExecutableHandler } from '../handler/base.js';
import type { StepContext } from '../handler/context.js';
import type { StepHandlerResult } from '../handler/result.js';
import { MethodDispatchError } from './errors.js';

/** Members every object has are no entry points. */
const NOT_METHODS = new Set(['constructor', ...Object.getOwnPropertyNames(Object.prototype)]);

/** A handler whose entry point is another method than `call`. Throws {@link MethodDispatchError} when it has none. */
export class MethodDispatchWrapper implements ExecutableHandler {
  readonly handler: ExecutableHandler;
  readonly targetMethod: string;

  constructor(handler: ExecutableHandler, targetMethod: string) {
    const member = (handler as unknown as Record<string, unknown>)[targetMethod];
    if (typeof member !== 'function' || NOT_METHODS.has(targetMethod)) {
      throw new MethodDispatchError(handler.name, targetMethod);
    }
    this.handler = handler;
    this.targetMethod = targetMethod;
  }

  get name(): string {
    return this.handler.name;
  }

  get version(): string {
    return this.handler.version;
  }

  get capabilities(): string[] {
    return this.handler.capabilities ?? ['process'];
  }

  call(context: StepContext): Promise<StepHandlerResult> {
    const methods = this.handler as unknown as Record<string, (context: StepContext) => Promise<StepHandlerResult>>;
    return (methods[this.targetMethod] as (context: StepContext) => Promise<StepHandlerResult>).call(
      this.handler, context,
    );
  }

  configSchema(): Record<string, unknown> | null {
    return this.handler.configSchema?.() ?? null;
  }

  unwrap(): ExecutableHandler {
    return this.handler;
  }
}
