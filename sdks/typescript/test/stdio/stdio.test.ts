/** The worker over stdin and stdout. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { parseJson } from '../../src/json/parse.js';
import type { JsonObject } from '../../src/json/value.js';
import { VERSION } from '../../src/version.js';
import { body, execute } from '../support/messages.js';
import { cleanEnvironment, HANDLERS } from '../support/process.js';
import { PACKAGE } from '../support/vectors.js';
import { eventually } from '../support/waiting.js';

const WORKER = `${PACKAGE}bin/tasker-worker.js`;

function run(input: string, flags: string[] = [], paths: string[] = [HANDLERS]): { answers: JsonObject[]; errors: string; status: number | null } {
  const done = spawnSync(process.execPath, [WORKER, '--transport', 'stdio', ...flags, ...paths], {
    input, encoding: 'utf8', env: cleanEnvironment(), timeout: 60_000,
  });
  const answers = done.stdout.split('\n').filter((line) => line !== '').map((line) => parseJson(line) as JsonObject);
  return { answers, errors: done.stderr, status: done.status };
}

const lines = (...messages: JsonObject[]): string => messages.map((message) => `${body(message).toString()}\n`).join('');

test('steps are answered one by one; what handlers print goes to stderr', () => {
  const first = execute('echo', { n: 2n ** 63n - 1n, text: 'Zoë 🦊\u2028' });
  const second = execute('bad', { do: 'exit' });
  const third = execute('bad', { do: 'fork' });
  const { answers, errors, status } = run(`${lines(first)}\n${lines(second, third)}`);
  assert.equal(status, 0);
  assert.deepEqual(answers.map((answer) => [answer['kind'], answer['status']]), [
    ['step.result', 'completed'], ['step.result', 'failed'], ['step.result', 'completed'],
  ]);
  assert.deepEqual(answers[0]?.['result'].echo, first['task'].context);
  assert.equal(answers[1]?.['error'].error_type, 'ProcessExitError');
  assert.match(errors, /a handler may print/);
  assert.match(errors, new RegExp(`tasker-sdk ${VERSION}`)); // the forked child's output
});

test('a handler that reads its input does not get the next step', () => {
  const { answers } = run(lines(execute('reads_input'), execute('reads_input')));
  assert.deepEqual(answers.map((answer) => answer['result']), [{ child: '', own: '' }, { child: '', own: '' }]);
});

test('a file as input', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-sdk-stdio-'));
  try {
    writeFileSync(join(folder, 'steps.jsonl'), lines(execute(), execute()));
    const command = `exec "${process.execPath}" "${WORKER}" --transport stdio "${HANDLERS}" < steps.jsonl`;
    const done = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', env: cleanEnvironment(), timeout: 60_000 });
    assert.equal(done.stdout.split('\n').filter((line) => line.includes('"completed"')).length, 2, done.stderr);
    const none = spawnSync('sh', ['-c', command.replace('steps.jsonl', '/dev/null')], { cwd: folder, encoding: 'utf8', env: cleanEnvironment(), timeout: 60_000 });
    assert.deepEqual([none.status, none.stdout], [0, '']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a line without a line feed at the end counts, an unreadable one is answered', () => {
  const message = execute();
  const { answers, status } = run(`garbage\n${body(message).toString()}`);
  assert.equal(status, 0);
  assert.deepEqual(answers.map((answer) => answer['error']?.error_type ?? answer['status']), ['invalid_message', 'completed']);
});

test('a step that never ends is given up at its time limit', () => {
  const { answers } = run(lines(execute('bad', { do: 'never' }, { step: { timeout_ms: 100 } })));
  assert.equal(answers[0]?.['error'].error_type, 'timeout');
});

test('heartbeats of a handler that computes come before its result', () => {
  const { answers } = run(lines(execute('busy', { seconds: 1.6 }, { limits: { heartbeat_interval_ms: 200 } })));
  const kinds = answers.map((answer) => answer['kind']);
  assert.ok(kinds.length >= 2, String(kinds));
  assert.equal(kinds.at(-1), 'step.result');
  assert.ok(kinds.slice(0, -1).every((kind) => kind === 'step.heartbeat'));
});

test('SIGTERM cancels the running step and ends the program', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-sdk-stdio-'));
  const child: ChildProcess = spawn(process.execPath, [WORKER, '--transport', 'stdio', HANDLERS], {
    env: cleanEnvironment(), stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  try {
    child.stdin.write(lines(execute('gate', { gate: join(folder, 'never'), polite: true })));
    await eventually(() => output.includes('step.heartbeat'), 'the first heartbeat');
    child.kill('SIGTERM');
    await eventually(() => child.exitCode !== null, 'the end of the program');
    assert.equal(child.exitCode, 0);
    const last = parseJson(output.trim().split('\n').at(-1) as string) as JsonObject;
    assert.deepEqual([last['kind'], last['error'].error_type], ['step.result', 'cancelled']);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

const PROBLEMS: Array<[name: string, flags: string[], paths: string[], message: RegExp]> = [
  ['no path', [], [], /error: no handlers: name a file/],
  ['no such path', [], ['nowhere.js'], /error: there is no file or directory 'nowhere\.js'/],
  ['an unknown option', ['--colour'], [HANDLERS], /error: unknown option --colour/],
  ['a missing value', ['--slots'], [], /error: --slots needs a value/],
  ['many wrong settings', ['--slots', 'many', '--amqp', 'http://x:secret@y'], [HANDLERS], /error: the AMQP URL.*\n.*error: slots.*'many'/],
];
for (const [name, flags, paths, message] of PROBLEMS) {
  test(`what a user gets wrong is said with a remedy: ${name}`, () => {
    const done = spawnSync(process.execPath, [WORKER, ...paths, ...flags], { encoding: 'utf8', env: cleanEnvironment(), timeout: 60_000 });
    assert.equal(done.status, 2);
    assert.match(done.stderr, message);
    assert.doesNotMatch(done.stderr, /\n\s+at |secret/);
  });
}

test('a module that cannot be imported is named, without a stack trace', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-sdk-stdio-'));
  try {
    const modules: Array<[name: string, source: string, told: RegExp]> = [
      ['broken', '\nexport const a = ;\n', /^error: .*broken\.mjs cannot be imported: SyntaxError: .* \(.*broken\.mjs:2\)\n$/],
      ['nested', "import './broken.mjs';\n", /^error: .*nested\.mjs cannot be imported: SyntaxError: .* \(.*broken\.mjs:2\)\n$/],
      ['throws', "throw new Error('no settings\\nat all');\n", /throws\.mjs cannot be imported: Error: no settings \(at .*throws\.mjs:1:7\)\n$/],
      ['leaves', 'process.exit(0);\n', /leaves\.mjs cannot be imported: it calls process\.exit\(0\) \(at .*leaves\.mjs:1:9\)\n$/],
      ['lacks', "import 'not-there';\n", /lacks\.mjs cannot be imported: Error: Cannot find package 'not-there'/],
    ];
    for (const [name, source] of modules) writeFileSync(join(folder, `${name}.mjs`), source);
    for (const [name, , told] of modules) {
      const broken = run('', [], [join(folder, `${name}.mjs`)]);
      assert.equal(broken.status, 2);
      assert.match(broken.errors, told);
    }
    writeFileSync(join(folder, 'empty.mjs'), 'export const a = 1;\n');
    assert.match(run('', [], [join(folder, 'empty.mjs')]).errors, /error: no handlers in .*empty\.mjs: export a class/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('help and version', () => {
  for (const [flag, expected] of [['--help', /Usage: tasker-worker/], ['--version', /tasker-sdk \d/]] as const) {
    const done = spawnSync(process.execPath, [WORKER, flag], { encoding: 'utf8' });
    assert.equal(done.status, 0);
    assert.match(done.stdout, expected);
  }
});
