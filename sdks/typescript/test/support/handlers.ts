/** Handlers of the integration and stdio tests; a worker process loads this module. */
import { fork, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { logInfo, PermanentError, StepHandler } from '../../src/index.js';
import type { StepContext, StepHandlerResult } from '../../src/index.js';

/** Leaves a trace that survives the process: one line per event in the file of the step. */
function note(context: StepContext, what: string): void {
  const folder = context.getInput<string>('notes');
  if (folder) appendFileSync(join(folder, context.stepUuid), `${what} ${process.pid}\n`);
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Echo extends StepHandler {
  static handlerName = 'echo';
  static handlerVersion = '1.2.3';

  async call(context: StepContext): Promise<StepHandlerResult> {
    note(context, 'start');
    console.log('a handler may print');
    await sleep(1);
    logInfo('a handler may log', { step: 'its own', n: 1 });
    return this.success({ echo: context.inputData, from: context.getDependencyResultKeys().sort() });
  }

  async twice(context: StepContext): Promise<StepHandlerResult> {
    return this.success({ twice: context.getInputOr('n', 0) * 2 });
  }
}

/** Runs until the file `gate` exists, or until it sees that it is cancelled when it is `polite`. */
export class Gate extends StepHandler {
  static handlerName = 'gate';

  async call(context: StepContext): Promise<StepHandlerResult> {
    note(context, 'start');
    const gate = context.getInputOr('gate', '');
    while (!existsSync(gate)) {
      if (context.getInput('polite') === true) context.throwIfCancelled();
      await sleep(10);
    }
    note(context, 'end');
    return this.success({ passed: true });
  }
}

export class Refuse extends StepHandler {
  static handlerName = 'refuse';

  async call(_context: StepContext): Promise<StepHandlerResult> {
    throw new PermanentError('order 7 has no items', {}, { errorCode: 'EMPTY_ORDER' });
  }
}

/** Computes without a pause: the main thread is never idle. */
export class Busy extends StepHandler {
  static handlerName = 'busy';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const until = performance.now() + 1000 * context.getInputOr('seconds', 0);
    let count = 0;
    while (performance.now() < until) count += 1;
    return this.success({ count: count > 0 });
  }
}

/** What handlers should not do. */
export class Bad extends StepHandler {
  static handlerName = 'bad';

  async call(context: StepContext): Promise<any> {
    note(context, 'start');
    switch (context.getInput('do')) {
      case 'throw': throw new RangeError('three is too many');
      case 'throw a text': throw 'just text';
      case 'junk': return 42;
      case 'nan': return { ratio: NaN };
      case '2 MiB': return { data: 'x'.repeat(2 ** 21) };
      case 'never': return new Promise(() => undefined);
      case 'exit': return process.exit(3);
      case 'float': {
        void Promise.reject(new Error('nobody waits for me'));
        setTimeout(() => { throw new Error('thrown in a timer'); }, 0);
        await sleep(50);
        return { survived: true };
      }
      case 'fork': {
        const child = fork(process.argv[1] as string, ['--version']);
        return new Promise((resolve) => child.on('exit', (code: number) => resolve({ code })));
      }
      case 'child prints': return { status: spawnSync('sh', ['-c', 'echo from a child >&2'], {}).status };
      case 'crash': return process.kill(process.pid, 'SIGKILL');
      default: return {};
    }
  }
}

/** Reads its standard input, by itself and in a child. */
export class ReadsInput extends StepHandler {
  static handlerName = 'reads_input';

  async call(): Promise<StepHandlerResult> {
    const child = spawnSync('sh', ['-c', 'cat <&0'], { stdio: ['inherit', 'pipe', 'inherit'], encoding: 'utf8' });
    return this.success({ child: child.stdout, own: readFileSync(0, 'utf8') });
  }
}
