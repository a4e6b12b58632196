/** The package as somebody else installs it: the README's code, and older code under the older package's name. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { parseJson } from '../../src/json/parse.js';
import type { JsonObject } from '../../src/json/value.js';
import { body, execute } from '../support/messages.js';
import { cleanEnvironment } from '../support/process.js';
import { PACKAGE } from '../support/vectors.js';

function readmeBlocks(): string[] {
  const text = readFileSync(`${PACKAGE}README.md`, 'utf8');
  return [...text.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1] as string);
}

test('the example handler is the one of the README', () => {
  const example = readFileSync(`${PACKAGE}examples/handlers.ts`, 'utf8');
  const inReadme = readmeBlocks()[0] as string;
  assert.equal(example.slice(example.indexOf('export class')), inReadme.slice(inReadme.indexOf('export class')));
});

test('the README has the headings of every SDK', () => {
  const headings = readFileSync(`${PACKAGE}README.md`, 'utf8').split('\n').filter((line) => line.startsWith('## '));
  assert.deepEqual(headings, ['## Install', '## Write a handler', '## Run it', '## Errors and retries', '## Test it']);
});

test('installed under both names, the types and the code work', () => {
  const app = mkdtempSync(join(tmpdir(), 'tasker-sdk-app-'));
  try {
    mkdirSync(join(app, 'node_modules', '@tasker-systems'), { recursive: true });
    symlinkSync(PACKAGE.replace(/\/$/, ''), join(app, 'node_modules', 'tasker-sdk'));
    symlinkSync(PACKAGE.replace(/\/$/, ''), join(app, 'node_modules', '@tasker-systems', 'tasker'));
    writeFileSync(join(app, 'package.json'), '{"type": "module"}');
    const [handlers = '', tests = ''] = readmeBlocks();
    writeFileSync(join(app, 'handlers.ts'), handlers);
    writeFileSync(join(app, 'handlers.test.ts'), tests);
    const older = readFileSync(`${PACKAGE}test/support/contract-examples.ts`, 'utf8');
    writeFileSync(join(app, 'older.ts'), older.replace("'../../src/index.js'", "'@tasker-systems/tasker'"));
    writeFileSync(join(app, 'bus.ts'), "import { EventNames } from '@tasker-systems/tasker/events';\nexport const name: string = EventNames.WORKER_READY;\n");
    writeFileSync(join(app, 'kit.ts'), "export { runStep, StepWatch } from 'tasker-sdk/testing';\n");
    const options = ['--strict', '--target', 'ES2022', '--module', 'node16', '--moduleResolution', 'node16', '--lib', 'ES2022,DOM,DOM.Iterable'];
    // The published types need no types of Node; the README's test does.
    for (const files of [['handlers.ts', 'older.ts', 'bus.ts', 'kit.ts'], ['handlers.test.ts', `${PACKAGE}types/node.d.ts`]]) {
      const compiled = spawnSync('tsc', [...options, ...files], { cwd: app, encoding: 'utf8' });
      assert.equal(compiled.status, 0, compiled.stdout);
    }
    const tested = spawnSync(process.execPath, ['--test', 'handlers.test.js'], { cwd: app, encoding: 'utf8', env: cleanEnvironment() });
    assert.equal(tested.status, 0, tested.stdout);
    const message = execute('ReserveSeatHandler', { seats: 2 });
    const served = spawnSync(process.execPath, [`${PACKAGE}bin/tasker-worker.js`, '--transport', 'stdio', 'older.js'], {
      cwd: app, encoding: 'utf8', input: `${body(message).toString()}\n`, env: cleanEnvironment(),
    });
    assert.deepEqual((parseJson(served.stdout) as JsonObject)['result'], { room: null, seats: 2 }, served.stderr);
  } finally {
    rmSync(app, { recursive: true, force: true });
  }
});
