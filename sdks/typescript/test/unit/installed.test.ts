/** The package as somebody else installs it: the README's code, and older code under the older package's name. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { parseJson } from '../../src/json/parse.js';
import type { JsonObject } from '../../src/json/value.js';
import { VERSION } from '../../src/version.js';
import { body, execute } from '../support/messages.js';
import { cleanEnvironment } from '../support/process.js';
import { PACKAGE, REPOSITORY } from '../support/vectors.js';

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

const MANIFEST = JSON.parse(readFileSync(`${PACKAGE}package.json`, 'utf8')) as { version: string; files: string[]; bin: Record<string, string> };

/** Copies into an application what is published, and nothing else. */
function install(app: string, name: string): void {
  const folder = join(app, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', ...MANIFEST.files]) cpSync(join(PACKAGE, file), join(folder, file), { recursive: true });
}

function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(folder).flatMap((name) =>
    statSync(join(folder, name)).isDirectory() ? filesBelow(join(folder, name), `${prefix}${name}/`) : [`${prefix}${name}`]);
}

const withoutNpm = spawnSync('npm', ['--version']).status === 0 ? false : 'npm is not installed';
test('npm would publish what these tests install', { skip: withoutNpm }, () => {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: PACKAGE, encoding: 'utf8' });
  assert.equal(packed.status, 0, packed.stderr);
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: Array<{ path: string }> }];
  const app = mkdtempSync(join(tmpdir(), 'tasker-sdk-app-'));
  try {
    install(app, 'tasker-sdk');
    assert.deepEqual(files.map(({ path }) => path).sort(), filesBelow(join(app, 'node_modules', 'tasker-sdk')).sort());
  } finally {
    rmSync(app, { recursive: true, force: true });
  }
});

test('the manifest, the license and the version', () => {
  assert.equal(MANIFEST.version, VERSION);
  assert.equal(readFileSync(`${PACKAGE}LICENSE`, 'utf8'), readFileSync(`${REPOSITORY}LICENSE`, 'utf8'));
  const sources = filesBelow(`${PACKAGE}src`).map((file) => file.replace(/\.ts$/, ''));
  const built = filesBelow(`${PACKAGE}dist/src`);
  for (const source of sources) for (const kind of ['.js', '.d.ts']) assert.ok(built.includes(source + kind), source + kind);
});

test('installed under both names, the types and the code work', () => {
  const app = mkdtempSync(join(tmpdir(), 'tasker-sdk-app-'));
  try {
    install(app, 'tasker-sdk');
    install(app, '@tasker-systems/tasker');
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
    for (const program of Object.values(MANIFEST.bin)) {
      const path = join(app, 'node_modules', '@tasker-systems', 'tasker', program);
      const served = spawnSync(path, ['--transport', 'stdio', 'older.js'], {
        cwd: app, encoding: 'utf8', input: `${body(message).toString()}\n`, env: cleanEnvironment(),
      });
      assert.deepEqual((parseJson(served.stdout) as JsonObject)['result'], { room: null, seats: 2 }, served.stderr);
    }
    const inside = "import('tasker-sdk/dist/src/index.js').catch(({ code }) => console.log(code))";
    const refused = spawnSync(process.execPath, ['--input-type=module', '--eval', inside], { cwd: app, encoding: 'utf8' });
    assert.equal(refused.stdout, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  } finally {
    rmSync(app, { recursive: true, force: true });
  }
});
