/** One broker per test file, one desk and folder per test; everything is removed afterwards. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import type { JsonObject } from '../../src/json/value.js';
import type { QueueType } from '../../src/wire/names.js';
import { Desk, Node, withoutBroker } from './broker.js';
import { execute } from './messages.js';
import { WorkerProcess } from './process.js';
import { eventually } from './waiting.js';

const skip = withoutBroker();
let node: Node | null = null;

/** The private node of this file, started at its first use. */
export function privateNode(): Node {
  node ??= Node.start();
  return node;
}

let secureNode: Node | null = null;

/** One that also listens with TLS. */
export function tlsNode(): Node {
  secureNode ??= Node.start('--tls');
  return secureNode;
}

// At the top level: within a test it would end the node with that test.
after(() => {
  node?.remove();
  secureNode?.remove();
});

export interface World {
  desk: Desk;
  folder: string;
  start(flags?: string[], environment?: Record<string, string>): WorkerProcess;
  /** A step that runs until {@link World.open}. */
  gated(): JsonObject;
  /** Dispatches such a step and waits until it runs. */
  begin(): Promise<JsonObject>;
  open(): void;
  /** How often the handler of a step was started, over all processes. */
  starts(message: JsonObject): number;
}

export interface Needs {
  /** The test stops or disturbs the broker. */
  isPrivate?: boolean;
  /** The broker is {@link tlsNode}. */
  tls?: boolean;
  queueType?: QueueType;
  declare?: boolean;
  results?: boolean;
}

/** A test with a broker. */
export function brokerTest(name: string, needs: Needs, body: (world: World) => Promise<void>): void {
  void test(name, { skip }, async () => {
    const shared = needs.isPrivate === true ? undefined : process.env['TASKER_TEST_AMQP_URL'];
    const url = needs.tls === true ? tlsNode().url : shared ?? privateNode().url;
    const desk = new Desk(url, needs.queueType);
    const folder = mkdtempSync(join(tmpdir(), 'tasker-sdk-test-'));
    const workers: WorkerProcess[] = [];
    const world: World = {
      desk,
      folder,
      start(flags = [], environment = {}) {
        const worker = new WorkerProcess({ ...desk.environment, ...environment }, flags);
        workers.push(worker);
        return worker;
      },
      gated: () => execute('gate', { gate: join(folder, 'gate'), notes: folder }),
      async begin() {
        const message = world.gated();
        await desk.send(message);
        await eventually(() => world.starts(message) === 1, 'the start of the handler', 30, () => workers.map(({ output }) => output).join('\n'));
        return message;
      },
      open: () => writeFileSync(join(folder, 'gate'), ''),
      starts(message) {
        const file = join(folder, message['step'].uuid);
        return existsSync(file) ? readFileSync(file, 'utf8').split('start').length - 1 : 0;
      },
    };
    try {
      await desk.declare(needs.results);
      await body(world);
    } catch (error) {
      (error as Error).message += `\n${workers.map(({ output }) => `output of a worker:\n${output}`).join('\n')}`;
      throw error;
    } finally {
      for (const worker of workers) await worker.close();
      await desk.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
