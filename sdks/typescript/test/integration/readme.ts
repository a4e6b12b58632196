/** The README's commands run as printed, and their output looks as printed. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { parseJson } from '../../src/json/parse.js';
import type { JsonObject } from '../../src/json/value.js';
import { brokerTest } from '../support/fixture.js';
import { body, execute } from '../support/messages.js';
import { cleanEnvironment } from '../support/process.js';
import { PACKAGE } from '../support/vectors.js';
import { eventually } from '../support/waiting.js';

const README = readFileSync(`${PACKAGE}README.md`, 'utf8');
const RUN_IT = (README.split('\n## Run it\n')[1] as string).split('\n## ')[0] as string;
const CONSOLE = [...RUN_IT.matchAll(/```console\n([^]*?)```/g)].map((match) => (match[1] as string).trimEnd().split('\n'));
const ITEMS = { items: [{ price: 3, quantity: 2 }] };

/** The reader's folder: the package linked as "Install" says, the handler of the README compiled to `dist`. */
async function inFolder(use: (folder: string, environment: Record<string, string>) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-sdk-readme-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(PACKAGE.replace(/\/$/, ''), join(folder, 'node_modules', 'tasker-sdk'));
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    writeFileSync(join(folder, 'handlers.ts'), (/```ts\n([^]*?)```/.exec(README) as RegExpExecArray)[1] as string);
    const options = ['--strict', '--target', 'ES2022', '--module', 'node16', '--moduleResolution', 'node16', '--lib', 'ES2022,DOM'];
    const compiled = spawnSync('tsc', [...options, '--outDir', 'dist', 'handlers.ts'], { cwd: folder, encoding: 'utf8' });
    assert.equal(compiled.status, 0, compiled.stdout);
    // `tasker-worker` is the program that the README names.
    symlinkSync(`${PACKAGE}bin/tasker-worker.js`, join(folder, 'node_modules', 'tasker-worker'));
    await use(folder, { PATH: `${join(folder, 'node_modules')}:${process.env['PATH']}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line without what differs from run to run. */
function shape(line: string): string {
  return line.replace(/^\S+Z /, 'T ').replace(/worker \S+/, 'worker W').replace(/in \d+ ms/, 'in N ms')
    .replace(/task=\S+/, 'task=U').replace(/ trace_id=\w+/, '');
}

brokerTest('the README: the worker on a broker', {}, async ({ desk }) => inFolder(async (folder, environment) => {
  const [command = '', ...printed] = CONSOLE[0] as string[];
  const child = spawn('sh', ['-c', `exec ${command.replace(/^\$ /, '')}`], {
    cwd: folder, env: cleanEnvironment({ ...environment, ...desk.environment }), stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let code: number | null = null;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.on('close', (value: number | null) => { code = value ?? -1; });
  try {
    await eventually(() => output.includes('ready: worker'), 'the worker', 30, () => output);
    const channel = await desk.open();
    const message = { ...execute('validate_order', ITEMS), reply_to: desk.resultsQueue };
    channel.publish('', desk.names.steps('ecommerce'), body(message), { contentType: 'application/json' });
    assert.deepEqual((await desk.result())['result'], { total: 6 });
    child.kill('SIGTERM');
    await eventually(() => code !== null, 'the end of the worker', 60, () => output);
    assert.equal(code, 0);
  } finally {
    child.kill('SIGKILL');
    await (await desk.open()).deleteQueue(desk.names.steps('ecommerce'));
  }
  const seen = output.split('\n').map(shape);
  assert.ok(printed.length > 0);
  for (const line of printed) {
    const expected = shape(line).replace('tasker.steps', `${desk.prefix}.steps`);
    assert.ok(seen.includes(expected), `${expected}\nis not in\n${output}`);
  }
}));

void test('the README: the worker without a broker', async () => inFolder(async (folder, environment) => {
  writeFileSync(join(folder, 'steps.jsonl'), `${body(execute('validate_order', ITEMS)).toString()}\n`);
  const [command = ''] = CONSOLE[1] as string[];
  const done = spawnSync('sh', ['-c', command.replace(/^\$ /, '')], { cwd: folder, encoding: 'utf8', env: cleanEnvironment(environment) });
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual((parseJson(done.stdout) as JsonObject)['result'], { total: 6 });
}));
