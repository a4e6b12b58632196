/** Bad handlers, events, limits: what the message says. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import {
  BasePublisher, defineBatchWorker, defineDecisionHandler, defineHandler, Decision, ErrorClassifier, PermanentError,
  PublisherRegistry, RateLimitError, RetryableError, StepHandler, StepHandlerResult,
} from '../../src/index.js';
import type { EventDeclaration, StepContext, StepResult } from '../../src/index.js';
import { runStep, StepWatch } from '../../src/testing.js';
import { Bad } from '../support/handlers.js';

afterEach(() => PublisherRegistry.instance.reset());

const handler = (fn: (context: StepContext) => unknown): new () => StepHandler => class extends StepHandler {
  static override handlerName = 'made';
  async call(context: StepContext): Promise<any> {
    return fn(context);
  }
};

test('what handlers may return in class style', async () => {
  assert.deepEqual((await runStep(handler(() => ({ a: 1 }))))['result'], { a: 1 });
  assert.deepEqual((await runStep(handler(() => undefined)))['result'], {});
  for (const junk of [42, 'text', [1], true]) {
    const sent = await runStep(handler(() => junk));
    assert.deepEqual([sent['status'], sent['error'].error_type, sent['error'].retryable], ['failed', 'handler_error', false]);
  }
});

test('what functions may return', async () => {
  const run = async (value: unknown): Promise<unknown> => (await runStep(defineHandler('f', {}, () => value)))['result'];
  assert.deepEqual(await run(7), { result: 7 });
  assert.deepEqual(await run([1]), { result: [1] });
  assert.deepEqual(await run(null), {});
  assert.deepEqual(await run(StepHandlerResult.success({ b: 2 })), { b: 2 });
  const decided = await runStep(defineDecisionHandler('d', {}, () => Decision.route('a', { k: 1 })));
  assert.deepEqual(decided['result'], { decision_point_outcome: { type: 'create_steps', step_names: ['a'] }, routing_context: { k: 1 } });
  const skipped = await runStep(defineDecisionHandler('d', {}, () => Decision.skip('why')));
  assert.deepEqual(skipped['result'], { decision_point_outcome: { type: 'no_branches' }, reason: 'why' });
  const worker = defineBatchWorker('w', {}, ({ batchContext }) => ({ rows: batchContext === null ? null : batchContext.endCursor }));
  assert.deepEqual((await runStep(worker))['result'], { rows: null });
});

test('what JavaScript passes for a failure has its answer, too', async () => {
  const failing = async (...given: unknown[]): Promise<any> => (await runStep(handler(() =>
    (StepHandlerResult.failure as (...values: unknown[]) => StepHandlerResult)(...given))))['error'];
  assert.equal((await failing(new Error('no stock'))).message, 'no stock');
  assert.equal((await failing({ code: 7 }, 5, 'yes')).message, '[object Object]');
  assert.equal((await failing('m', Symbol('odd'))).error_type, 'handler_error');
  assert.equal((await failing('m', 't', false, 'text', 17)).error_code, '17');
  const hostile = await failing({ toString(): string { throw new Error('no text'); } });
  assert.deepEqual([hostile.error_type, hostile.retryable], ['handler_error', true]);
  const odd = { success: true, isSuccess: () => true, isFailure: () => false, get result(): unknown { throw new Error('torn'); } };
  const torn = (await runStep(handler(() => odd)))['error'];
  assert.match(torn.message, /torn/);
});

test('errors carry their decision, code, wait, stack and metadata', async () => {
  const failing = async (error: unknown): Promise<any> => (await runStep(handler(() => { throw error; })))['error'];
  const permanent = await failing(new PermanentError('no', { order: 7 }, { errorCode: 'E7' }));
  assert.deepEqual([permanent.error_type, permanent.retryable, permanent.error_code, permanent.metadata.order], ['PermanentError', false, 'E7', 7]);
  assert.match(permanent.backtrace[0], /PermanentError: no/);
  const limited = await failing(new RateLimitError('slow', {}, { retryAfter: 2.5 }));
  assert.deepEqual([limited.error_type, limited.retryable, limited.retry_after_seconds], ['RateLimitError', true, 2.5]);
  assert.equal((await failing(Object.assign(new Error('x'), { retryable: false }))).retryable, false);
  assert.equal((await failing(new RetryableError('x', { retryAfter: 3 }))).retry_after_seconds, 3);
  assert.deepEqual([(await failing(undefined)).error_type, (await failing({})).message], ['Error', '[object Object]']);
  const hostile = { get message(): string { throw new Error('no message for you'); } };
  assert.equal((await failing(hostile)).retryable, true);
  const dropped = await failing(new PermanentError('no', { big: 2n ** 70n }));
  assert.deepEqual([dropped.message, dropped.retryable], ['no', false]);
  assert.match(dropped.metadata.metadata_dropped, /64 bits/);
});

test('a failure that is returned keeps its words', async () => {
  const sent = await runStep(handler(() => StepHandlerResult.failure('declined', 'card_declined', false, { tries: 2 }, 'C1')));
  assert.deepEqual([sent['error'].message, sent['error'].error_type, sent['error'].error_code, sent['error'].retryable], ['declined', 'card_declined', 'C1', false]);
  const waits = await runStep(handler(() => new StepHandlerResult({
    success: false, errorMessage: 'later', retryable: true, orchestrationMetadata: { headers: { 'Retry-After': '9' } },
  })));
  assert.equal(waits['error'].retry_after_seconds, 9);
});

test('a handler that never returns is given up; one that looks at its signal says why it stopped', async () => {
  const lost = await runStep(Bad, { input: { do: 'never' }, timeoutMs: 30 });
  assert.deepEqual([lost['error'].error_type, lost['error'].retryable], ['timeout', true]);
  const watch = new StepWatch();
  const waiting = runStep(handler((context) => new Promise((_resolve, reject) => {
    context.reportProgress(1, 3, 'rows');
    context.signal.addEventListener('abort', () => reject(Object.assign(new Error('stop'), { name: 'AbortError' })));
    watch.stop('cancelled');
  })), {}, watch);
  const stopped = await waiting;
  assert.deepEqual([stopped['error'].error_type, stopped['error'].retryable], ['cancelled', false]);
  assert.deepEqual(watch.progress, { done: 1, total: 3, message: 'rows' });
});

test('limits of the dispatch hold to the byte', async () => {
  const big = handler(({ inputData }) => ({ data: 'é'.repeat(inputData.times) }));
  assert.equal((await runStep(big, { input: { times: 44 }, maxResultBytes: 99 }))['status'], 'completed');
  const sent = await runStep(big, { input: { times: 45 }, maxResultBytes: 100 });
  assert.deepEqual([sent['error'].error_type, sent['error'].message], [
    'result_too_large', 'the result has 101 bytes, the limit is 100: store it elsewhere and return a reference',
  ]);
});

class Charged extends BasePublisher {
  get publisherName(): string {
    return 'charged';
  }
  override shouldPublish(result: StepResult): boolean {
    if (result.result?.broken === true) throw new Error('a publisher that fails');
    return result.result?.quiet !== true;
  }
  override transformPayload(result: StepResult, declaration?: EventDeclaration): unknown {
    return { amount: result.result.amount, event: declaration?.name };
  }
  override additionalMetadata(): Record<string, unknown> {
    return { by: 'charged' };
  }
}

test('publishers shape the events of a result, and their errors change nothing about the step', async () => {
  PublisherRegistry.instance.register(new Charged());
  const publishesEvents = [
    { name: 'payment.charged', publisher: 'charged' }, { name: 'payment.failed', condition: 'failure', publisher: 'charged' }, { name: 'plain' },
  ];
  const run = (result: object): Promise<any> => runStep(handler(() => result), { publishesEvents });
  assert.deepEqual((await run({ amount: 5 })).events, [
    { name: 'payment.charged', payload: { amount: 5, event: 'payment.charged' }, metadata: { by: 'charged' } },
  ]);
  assert.deepEqual((await run({ quiet: true })).events, [{ name: 'payment.charged', suppress: true }]);
  const broken = await run({ broken: true });
  assert.deepEqual([broken.status, broken.events], ['completed', []]);
});

test('the classifier is an aid', () => {
  const classifier = new ErrorClassifier();
  assert.equal(classifier.isRetryable(new TypeError('x')), false);
  assert.equal(classifier.isRetryable(Object.assign(new Error('x'), { code: 'ECONNRESET' })), true);
  assert.deepEqual(classifier.classify(new PermanentError('x')), { errorType: 'PermanentError', retryable: false, classification: 'explicit_attribute' });
});
