/** The classification that all SDKs share, against a real server. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { ApiHandler, ApiResponse, APIMixin } from '../../src/index.js';
import type { StepContext, StepHandlerResult } from '../../src/index.js';
import type { JsonObject } from '../../src/json/value.js';
import { runStep } from '../../src/testing.js';
import { deadUrl, httpServer } from '../support/http-server.js';
import type { TestServer } from '../support/http-server.js';
import { vectors } from '../support/vectors.js';

function headersOf(server: JsonObject): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries<any>(server['headers'] ?? {})) {
    headers[name] = typeof value === 'string' ? value : new Date(Date.now() + value.date_in_seconds * 1000).toUTCString();
  }
  if (server['body'] !== undefined && !Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')) {
    headers['Content-Type'] = 'application/json';
  }
  return headers;
}

async function serverFor(server: JsonObject): Promise<TestServer> {
  if (server['refuse'] === true) return { url: await deadUrl(), stop: () => undefined };
  if (server['close'] === true) return closingServer();
  return httpServer((_request, response) => {
    const text = server['body'] !== undefined ? JSON.stringify(server['body']) : (server['text'] as string | undefined) ?? '';
    const answer = (): void => {
      const headers = { ...headersOf(server), 'Content-Length': String(Buffer.byteLength(text)) };
      if (server['stall'] === 'body') {
        response.writeHead(server['status'], headers);
        (response as unknown as { flushHeaders(): void }).flushHeaders();
        return;
      }
      const { 'Content-Length': _length, ...plain } = headers;
      response.writeHead(server['status'], plain);
      response.end(text);
    };
    if (server['delay_ms'] === undefined) answer();
    else (setTimeout(answer, server['delay_ms']) as unknown as { unref(): void }).unref();
  });
}

/** Reads the request and hangs up. */
function closingServer(): Promise<TestServer> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end());
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() });
    });
  });
}

function inRange(actual: unknown, expected: any, what: string): void {
  if (typeof expected === 'object' && expected !== null) {
    assert.ok(Number(actual) >= expected.at_least && Number(actual) <= expected.at_most, `${what} is ${String(actual)}`);
  } else {
    assert.equal(actual ?? null, expected, what);
  }
}

for (const { name, data, expected } of vectors('api-classification.json', 'answer')) {
  test(name, async () => {
    const server = await serverFor(data.server);
    let seen: { outcome: string; result: StepHandlerResult; response: ApiResponse | null } | null = null;
    class Probe extends ApiHandler {
      static baseUrl = server.url;
      static defaultTimeout = data.client?.timeout_ms ?? ApiHandler.defaultTimeout;

      async call(_context: StepContext): Promise<StepHandlerResult> {
        let outcome: string;
        let result: StepHandlerResult;
        let response: ApiResponse | null = null;
        try {
          response = await this.get('/');
          outcome = response.ok ? 'success' : 'failure';
          result = response.ok ? this.apiSuccess(response) : this.apiFailure(response, data.message);
        } catch (error) {
          const timedOut = (error as Error).name === 'TimeoutError';
          outcome = timedOut ? 'timeout' : 'connection_error';
          result = timedOut ? this.timeoutError(error as Error, data.while) : this.connectionError(error as Error, data.while);
        }
        seen = { outcome, result, response };
        return result;
      }
    }
    try {
      const sent = await runStep(Probe);
      assert.ok(seen);
      check(seen, sent, expected);
    } finally {
      server.stop();
    }
  });
}

function check(
  seen: { outcome: string; result: StepHandlerResult; response: ApiResponse | null }, sent: JsonObject, expected: JsonObject,
): void {
  const { outcome, result, response } = seen;
  assert.equal(outcome, expected['outcome']);
  if ('error_type' in expected) assert.equal(result.errorType, expected['error_type']);
  if ('retryable' in expected) assert.equal(result.retryable, expected['retryable']);
  if ('message' in expected) assert.equal(result.errorMessage, expected['message']);
  if ('message_prefix' in expected) assert.ok(result.errorMessage?.startsWith(expected['message_prefix']), String(result.errorMessage));
  if ('is_retryable' in expected) assert.equal(response?.isRetryable, expected['is_retryable']);
  if ('retry_after' in expected) assert.equal(response?.retryAfter, expected['retry_after']);
  if ('retry_after_seconds' in expected) {
    inRange(result.metadata['retry_after_seconds'], expected['retry_after_seconds'], 'retry_after_seconds');
  }
  if ('sent_retry_after_seconds' in expected) {
    inRange(sent['error'].retry_after_seconds, expected['sent_retry_after_seconds'], 'sent retry_after_seconds');
  }
  if ('result' in expected) assert.deepEqual(result.result, expected['result']);
  if ('result_any_of' in expected) {
    assert.ok((expected['result_any_of'] as unknown[]).some((one) => JSON.stringify(one) === JSON.stringify(result.result)));
  }
  for (const [key, value] of Object.entries(expected['metadata'] ?? {})) assert.deepEqual(result.metadata[key], value);
  for (const key of expected['metadata_keys'] ?? []) assert.ok(key in result.metadata, `metadata has ${key}`);
  for (const key of expected['no_metadata_keys'] ?? []) assert.ok(!(key in result.metadata), `metadata has no ${key}`);
}

for (const { name, data, expected } of vectors('api-classification.json', 'status')) {
  test(name, () => {
    const response = new ApiResponse({ status: data.status });
    const failure = new APIMixin().apiFailure(response);
    assert.deepEqual(
      [failure.errorType, failure.retryable, response.isRetryable],
      [expected.error_type, expected.retryable, expected.is_retryable],
    );
  });
}
