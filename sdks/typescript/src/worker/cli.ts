/** `tasker-worker PATH...` */
import { guardExit, keepAlive, whileLoading } from './exit-guard.js';
import { loadDirectory, LoadError, loadPath } from '../registry/loading.js';
import { HandlerRegistry } from '../registry/registry.js';
import { VERSION } from '../version.js';
import { redactUrl } from '../amqp/url.js';
import { AmqpHost } from './host.js';
import { log, setLogLevel, writeError } from './log.js';
import { readSettings, SettingsError, splitList } from './settings.js';
import type { WorkerSettings } from './settings.js';
import { answersDescriptor, runWithStdoutMoved, StdioHost } from './stdio.js';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';

const EXIT_USAGE = 2;
const USAGE = `Run the step handlers of JavaScript modules.

Usage: tasker-worker [OPTIONS] PATH...

PATH is a file or a directory with handlers; TypeScript is compiled first.

Options:
  --namespace NAMES   namespaces to serve, comma list (TASKER_NAMESPACE, default: default)
  --queue NAME        queue of this fleet (TASKER_QUEUE, default: the namespace); may be repeated
  --slots N           steps run at the same time (TASKER_SLOTS, default: 10); also --concurrency
  --amqp URL          broker (TASKER_AMQP_URL, default: amqp://guest:guest@localhost:5672/%2F)
  --transport KIND    amqp, or stdio: one JSON line per step
  --worker-id ID      beginning of the worker's id
  --any-handler       take steps of any callable: resolvers import what is not listed
  --log-level LEVEL   trace, debug, info, warn or error (TASKER_LOG_LEVEL)
  --version, --help

Settings without a flag: TASKER_QUEUE_PREFIX, TASKER_QUEUE_TYPE, TASKER_GRACE_SECONDS, TYPESCRIPT_HANDLER_PATH.
SIGTERM or Ctrl-C lets running steps finish; a second one exits at once. SIGUSR2 logs a line about the state.

Example:
  tasker-worker dist/handlers.js --namespace ecommerce --slots 10
`;

interface Options {
  paths: string[];
  namespaces: string[];
  queues: string[];
  values: Record<string, string>;
  anyHandler: boolean;
}

/** A wrong command line. */
class UsageError extends Error {}

/** Runs a worker until it is told to stop; gives the exit code. */
export async function main(argv: string[]): Promise<number> {
  try {
    const options = parse(argv);
    if (options === null) return 0;
    const stdio = options.values['transport'] === 'stdio';
    const descriptor = stdio ? answersDescriptor() : null;
    if (stdio && descriptor === null) return await runWithStdoutMoved();
    const settings = readSettings({
      amqpUrl: options.values['amqp'],
      namespaces: options.namespaces,
      queues: options.queues,
      slots: options.values['slots'],
      workerId: options.values['worker-id'],
      anyHandler: options.anyHandler,
      logLevel: options.values['log-level'],
    });
    setLogLevel(settings.logLevel);
    guardExit();
    keepAlive();
    const registry = new HandlerRegistry();
    await whileLoading(() => load(options, registry));
    return descriptor === null ? await serve(settings, registry) : await serveLines(settings, registry, descriptor);
  } catch (error) {
    if (error instanceof UsageError || error instanceof SettingsError || error instanceof LoadError) {
      writeError(error.message.split('\n').map((line) => `error: ${line}\n`).join(''));
      return EXIT_USAGE;
    }
    throw error;
  }
}

const WITH_VALUE = new Set(['namespace', 'queue', 'slots', 'amqp', 'transport', 'worker-id', 'log-level']);

function parse(argv: string[]): Options | null {
  const options: Options = { paths: [], namespaces: [], queues: [], values: {}, anyHandler: false };
  const left = [...argv];
  for (let argument = left.shift(); argument !== undefined; argument = left.shift()) {
    if (!argument.startsWith('-')) {
      options.paths.push(argument);
      continue;
    }
    if (argument === '--') {
      options.paths.push(...left.splice(0));
      continue;
    }
    const [flag = '', inline] = splitOnce(argument.replace(/^-+/, ''), '=');
    if (flag === 'help' || flag === 'h') {
      process.stdout.write(USAGE);
      return null;
    }
    if (flag === 'version') {
      process.stdout.write(`tasker-sdk ${VERSION}\n`);
      return null;
    }
    if (flag === 'any-handler') {
      options.anyHandler = true;
      continue;
    }
    const name = flag === 'concurrency' ? 'slots' : flag;
    if (!WITH_VALUE.has(name)) throw new UsageError(`unknown option ${argument}; see tasker-worker --help`);
    const value = inline ?? left.shift();
    if (value === undefined) throw new UsageError(`${argument} needs a value; see tasker-worker --help`);
    if (name === 'namespace') options.namespaces.push(...splitList(value));
    else if (name === 'queue') options.queues.push(...splitList(value));
    else options.values[name] = value;
  }
  const transport = options.values['transport'] ?? 'amqp';
  if (transport !== 'amqp' && transport !== 'stdio') {
    throw new UsageError(`--transport is '${transport}': use amqp or stdio`);
  }
  return options;
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

async function load(options: Options, registry: HandlerRegistry): Promise<void> {
  const directory = process.env['TYPESCRIPT_HANDLER_PATH'];
  if (directory) {
    if (!existsSync(directory)) {
      throw new LoadError(`TYPESCRIPT_HANDLER_PATH is '${directory}': there is no such directory`);
    }
    await loadDirectory(directory, registry);
  }
  for (const path of options.paths) await loadPath(path, registry);
  if (registry.handlerCount() > 0 || options.anyHandler) return;
  if (options.paths.length > 0) {
    throw new LoadError(
      `no handlers in ${options.paths.join(', ')}: export a class that extends StepHandler and has a static handlerName`,
    );
  }
  throw new LoadError(
    'no handlers: name a file, for example `tasker-worker dist/handlers.js`, or set TYPESCRIPT_HANDLER_PATH to a ' +
      'directory of modules',
  );
}

/** The first signal drains, the second ends the process at once. */
function onSignals(drain: (signal: string) => void): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      if (stopping) process.exit(128 + (constants.signals[signal] ?? 0));
      stopping = true;
      drain(signal);
    });
  }
}

async function serve(settings: WorkerSettings, registry: HandlerRegistry): Promise<number> {
  const host = new AmqpHost(settings, registry);
  log('info', `worker ${host.workerId}: ${registry.handlerCount()} handlers, broker ${redactUrl(settings.amqpUrl)}`);
  onSignals((signal) => host.drain(signal));
  process.on('SIGUSR2', () => host.logStatus());
  host.start();
  const end = await host.ended;
  if (end.refusal !== null) writeError(`error: ${end.refusal}\n`);
  return end.code;
}

async function serveLines(settings: WorkerSettings, registry: HandlerRegistry, descriptor: number): Promise<number> {
  const host = new StdioHost(settings, registry, descriptor);
  onSignals((signal) => host.drain(signal));
  host.start();
  return (await host.ended).code;
}
