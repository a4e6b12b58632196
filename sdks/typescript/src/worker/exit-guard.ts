/** What a handler could do to the whole process: leave it, or fail outside of its promise. */
import { currentStep } from './current-step.js';
import { log } from './log.js';

/** A handler called `process.exit`; the step fails instead of taking the other steps of the worker with it. */
export class ProcessExitError extends Error {
  override name = 'ProcessExitError';
}

let realExit: ((code?: number) => never) | null = null;
let isLoading = false;

/** Modules that are imported meanwhile cannot end the process without a word. */
export async function whileLoading<T>(load: () => Promise<T>): Promise<T> {
  guardExit();
  isLoading = true;
  try {
    return await load();
  } finally {
    isLoading = false;
  }
}

/** From now on `process.exit` inside a handler throws. Outside of handlers it is what it was. */
export function guardExit(): void {
  if (realExit !== null) return;
  const real = process.exit.bind(process);
  realExit = real;
  process.exit = (code?: number): never => {
    if (isLoading) throw new ProcessExitError(`it calls process.exit(${code ?? ''})`);
    if (currentStep.getStore() === undefined) return real(code);
    throw new ProcessExitError(
      `the handler called process.exit(${code ?? ''}), which would end every step of this worker: throw an error instead`,
    );
  };
}

/** Errors outside of any handler's promise (a floating promise, a timer) are logged; the other steps run on. */
export function keepAlive(): void {
  process.on('unhandledRejection', (reason: unknown) => {
    log('error', `a promise was rejected and nobody handled it (is an await missing in a handler?): ${shown(reason)}`);
  });
  process.on('uncaughtException', (error: unknown) => {
    log('error', `an error was thrown outside of a handler's promise (in a timer or an event): ${shown(error)}`);
  });
}

function shown(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}
