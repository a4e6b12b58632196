import assert from 'node:assert/strict';
import { test } from 'node:test';

import { getTaskerClient, TaskerClient, TaskerClientError } from '../../src/index.js';
import { parseJson } from '../../src/json/parse.js';
import { deadUrl, httpServer } from '../support/http-server.js';

interface Seen {
  method: string;
  url: string;
  headers: Record<string, string | undefined>;
  body: any;
}

async function withServer(answer: (seen: Seen) => [status: number, body: unknown], body: (url: string, seen: Seen[]) => Promise<void>): Promise<void> {
  const requests: Seen[] = [];
  const server = await httpServer((request, response) => {
    const parts: Buffer[] = [];
    void (async () => {
      for await (const part of request) parts.push(part);
      const text = Buffer.concat(parts).toString();
      const seen = { method: request.method, url: request.url, headers: request.headers, body: text === '' ? null : parseJson(text) };
      requests.push(seen);
      const [status, answered] = answer(seen);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(typeof answered === 'string' ? answered : JSON.stringify(answered));
    })();
  });
  try {
    await body(server.url, requests);
  } finally {
    server.stop();
  }
}

test('a task is created with the defaults of the contract', () => withServer(() => [201, { task_uuid: 'u', extra: 1 }], async (baseUrl, seen) => {
  const client = await getTaskerClient({ baseUrl, apiKey: 'k', token: 't' });
  const task = await client.createTask({ name: 'n', context: { id: 9007199254740993n }, tags: ['a'], idempotencyKey: 'i' });
  assert.deepEqual([task.task_uuid, task.steps, task.completion_percentage], ['u', [], 0]);
  const { method, url, headers, body } = seen[0] as Seen;
  assert.deepEqual([method, url, headers['x-api-key'], headers['authorization']], ['POST', '/v1/tasks', 'k', 'Bearer t']);
  const { correlation_id, ...rest } = body;
  assert.match(correlation_id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(rest, {
    name: 'n', namespace: 'default', version: '1.0.0', context: { id: 9007199254740993n }, initiator: 'tasker-core-typescript',
    source_system: 'tasker-core', reason: 'Task requested', tags: ['a'], idempotency_key: 'i',
  });
}));

test('every call has its path', () => withServer(({ url }) => [200, url.endsWith('steps') || url.endsWith('audit') ? [{ name: 's' }] : { status: 'healthy' }], async (baseUrl, seen) => {
  const client = new TaskerClient({ baseUrl: `${baseUrl}/` });
  assert.equal((await client.getTask('t/1')).status, 'healthy');
  await client.cancelTask('t');
  assert.equal((await client.listTaskSteps('t'))[0]?.name, 's');
  await client.getStep('t', 's');
  assert.equal((await client.getStepAuditHistory('t', 's')).length, 1);
  assert.equal((await client.healthCheck()).healthy, true);
  assert.deepEqual(seen.map(({ method, url }) => `${method} ${url}`), [
    'GET /v1/tasks/t%2F1', 'DELETE /v1/tasks/t', 'GET /v1/tasks/t/workflow_steps', 'GET /v1/tasks/t/workflow_steps/s',
    'GET /v1/tasks/t/workflow_steps/s/audit', 'GET /health',
  ]);
}));

test('odd limits and offsets are joined from pages', () => withServer(({ url }) => {
  const query = new URL(url, 'http://x').searchParams;
  const [page, size] = [Number(query.get('page')), Number(query.get('per_page'))];
  const tasks = Array.from({ length: Math.max(0, Math.min(size, 250 - (page - 1) * size)) }, (_, index) => ({ task_uuid: String((page - 1) * size + index) }));
  return [200, { tasks, pagination: { page, per_page: size, total_count: 250, total_pages: Math.ceil(250 / size), has_next: page * size < 250, has_previous: page > 1 } }];
}, async (baseUrl) => {
  const client = new TaskerClient({ baseUrl });
  for (const [limit, offset] of [[50, 100], [30, 95], [200, 0], [200, 70], [50, 240]] as const) {
    const { tasks, pagination } = await client.listTasks({ limit, offset });
    const expected = Array.from({ length: Math.min(limit, 250 - offset) }, (_, index) => String(offset + index));
    assert.deepEqual(tasks.map((task) => task.task_uuid), expected, `${limit} from ${offset}`);
    assert.equal(pagination.total_count, 250);
  }
  await assert.rejects(client.listTasks({ limit: 0 }), TaskerClientError);
}));

test('failures say what is wrong and whether trying again may help', async () => {
  await withServer(() => [422, { title: 't', detail: 'not valid', errors: [{ pointer: '/name', message: 'is required' }] }], async (baseUrl) => {
    await assert.rejects(new TaskerClient({ baseUrl }).getTask('x'), { message: 'HTTP 422: not valid; /name: is required', recoverable: false });
  });
  await withServer(() => [503, 'down'], async (baseUrl) => {
    await assert.rejects(new TaskerClient({ baseUrl }).getTask('x'), { message: 'HTTP 503 Service Unavailable', recoverable: true });
  });
  await withServer(() => [200, '<html>'], async (baseUrl) => {
    await assert.rejects(new TaskerClient({ baseUrl }).getTask('x'), /is no orchestrator/);
  });
  const dead = await deadUrl();
  await assert.rejects(new TaskerClient({ baseUrl: dead }).getTask('x'), (error: unknown) =>
    error instanceof TaskerClientError && error.recoverable && /does not answer .*ECONNREFUSED.*TASKER_ORCHESTRATION_URL/.test(error.message));
});
