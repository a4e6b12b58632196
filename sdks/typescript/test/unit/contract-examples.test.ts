import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApiResponse, HandlerRegistry, StepHandler } from '../../src/index.js';
import type { StepContext, StepHandlerResult } from '../../src/index.js';
import { callHandler, runStep, stepContext } from '../../src/testing.js';
import {
  Analyze, fetchRate, Ledger, QuoteShipping, ReserveSeatHandler, SplitRows, SumRange, Triage,
} from '../support/contract-examples.js';
import { deadUrl, httpServer } from '../support/http-server.js';
import {
  ComposedFetchHandler, CsvAnalyzerHandler, CsvBatchProcessorHandler, CsvResultsAggregatorHandler, FetchOrderHandler,
  OrderRoutingHandler, ProcessPaymentHandler,
} from '../support/seed-examples.js';

console.info = () => undefined;

test('T1: class style', async () => {
  const refused = await runStep(ReserveSeatHandler, { input: { seats: 0 } });
  assert.deepEqual([refused['error'].error_type, refused['error'].retryable], ['PermanentError', false]);
  const locked = await runStep(ReserveSeatHandler, { dependencies: { find_room: { id: 'a', locked: true } } });
  assert.equal(locked['error'].retry_after_seconds, 7);
  const done = await runStep(ReserveSeatHandler, { dependencies: { find_room: { id: 'a' } }, attempt: 3 });
  assert.deepEqual(done['result'], { room: 'a', seats: 1 });
  assert.equal(done['metadata'].last_try, true);
  const registry = new HandlerRegistry();
  registry.register('reserve_seat', ReserveSeatHandler);
  for (const name of ['reserve_seat', 'ReserveSeatHandler']) assert.ok(await registry.resolve(name));
});

test('T2: functional style', async () => {
  const values = { input: { weight_kg: 2.5 }, attempt: 2 };
  const done = await runStep(QuoteShipping, { ...values, dependencies: { load_rates: { per_kg: 1.5 } } });
  assert.deepEqual(done['result'], { price: 3.75, attempt: 1 });
  const failed = await runStep(QuoteShipping, values);
  assert.deepEqual([failed['error'].error_type, failed['error'].retryable], ['handler_error', true]);
  assert.equal(failed['metadata'].errorType, 'TypeError');
  assert.match(failed['error'].backtrace.join('\n'), /contract-examples/);
  assert.deepEqual([QuoteShipping.handlerName, (QuoteShipping as { name: string }).name], ['quote_shipping', 'quote_shipping']);
});

test('T3: decision by class, analyzer by function', async () => {
  const routed = await runStep(Triage, { input: { score: 90 } });
  assert.deepEqual(routed['result'], {
    decision_point_outcome: { type: 'create_steps', step_names: ['escalate'] }, routing_context: { score: 90 },
  });
  const skipped = await runStep(Triage);
  assert.deepEqual(skipped['result'], { decision_point_outcome: { type: 'no_branches' }, reason: 'no score' });
  const split = await runStep(SplitRows, { input: { rows: 100 }, workerTemplateNames: ['work'] });
  const outcome = split['result'].batch_processing_outcome;
  assert.deepEqual(outcome.cursor_configs.map((config: any) => [config.batch_id, config.start_cursor, config.end_cursor]), [
    ['batch_000', 0, 40], ['batch_001', 40, 80], ['batch_002', 80, 100],
  ]);
  assert.equal(outcome.worker_template_name, 'work');
  assert.deepEqual([split['metadata'].batch_count, split['metadata'].total_items], [3, 100]);
  const none = await runStep(SplitRows, { input: { rows: 0 } });
  assert.deepEqual(none['result'], { batch_processing_outcome: { type: 'no_batches' } });
});

test('T4: analyzer and worker with checkpoints', async () => {
  const analyzed = await runStep(Analyze, { input: { rows: 60 } });
  assert.equal(analyzed['result'].batch_processing_outcome.worker_count, 3);
  assert.equal(analyzed['result'].batch_analyzer_outcome.cursor_configs.length, 3);
  const stepInputs = { cursor: { batch_id: '001', start_cursor: 0, end_cursor: 25, batch_size: 25 } };
  let checkpoint: Record<string, any> | null = null;
  const statuses: string[] = [];
  for (;;) {
    const sent: Record<string, any> = await runStep(SumRange, { stepInputs, checkpoint });
    statuses.push(sent['status']);
    if (sent['status'] !== 'checkpoint') {
      assert.deepEqual(sent['result'], { total: 300, items_processed: 25 });
      break;
    }
    checkpoint = sent['checkpoint'];
  }
  assert.deepEqual(statuses, ['checkpoint', 'checkpoint', 'completed']);
  const idle = await runStep(SumRange, { stepInputs: { ...stepInputs, is_no_op: true } });
  assert.equal(idle['result'].no_op, true);
});

test('T5: functional API handler', async () => {
  const server = await httpServer((request, response) => {
    const status = Number(new URL(request.url, 'http://x').searchParams.get('c'));
    response.writeHead(status, { 'Retry-After': '12', 'Content-Type': 'application/json' });
    response.end('{"rate":2}');
  });
  try {
    const busy = await runStep(fetchRate(server.url), { input: { currency: 503 } });
    assert.equal(busy['error'].retry_after_seconds, 12);
    const missing = await runStep(fetchRate(server.url), { input: { currency: 501 } });
    assert.equal(missing['error'].retryable, true);
    assert.equal(new ApiResponse({ status: 501 }).isRetryable, false);
    assert.deepEqual((await runStep(fetchRate(server.url), { input: { currency: 200 } }))['result'], { rate: 2 });
  } finally {
    server.stop();
  }
  const refused = await runStep(fetchRate(await deadUrl()), { input: { currency: 1 } });
  assert.equal(refused['error'].error_type, 'connection_error');
  assert.match(refused['error'].message, /^Connection error while reading the rate: .*ECONNREFUSED/);
});

test('T6: method dispatch', async () => {
  assert.deepEqual((await runStep(Ledger, { input: { amount: 5 }, method: 'refund' }))['result'], { booked: -5 });
  const missing = await runStep(Ledger, { method: 'toString' });
  assert.deepEqual([missing['status'], missing['error'].error_type], ['abandoned', 'handler_not_found']);
});

test('seed page: step handler', async () => {
  const result = await callHandler(ProcessPaymentHandler, { input: { amount: 3 } });
  assert.deepEqual(result.result, { processed: true, handler: 'process_payment', amount: 3 });
});

test('seed page: API handler', async () => {
  const paths: string[] = [];
  const server = await httpServer((request, response) => {
    paths.push(request.url);
    response.writeHead(request.url.endsWith('/7') ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end('{"id":7}');
  });
  try {
    class Local extends FetchOrderHandler {
      static baseUrl = server.url;
    }
    const found = await callHandler(Local, { input: { order_id: 7 } });
    assert.deepEqual([found.result, found.metadata['status_code']], [{ id: 7 }, 200]);
    const missing = await callHandler(Local, { input: { order_id: 8 } });
    assert.deepEqual([missing.errorType, missing.retryable], ['not_found', false]);
    ComposedFetchHandler.baseUrl = server.url;
    assert.equal((await callHandler(ComposedFetchHandler)).errorType, 'not_found');
    assert.deepEqual(paths, ['/orders/7', '/orders/8', '/x']);
  } finally {
    server.stop();
  }
});

test('seed page: decision handler', async () => {
  const outcome = async (order_type: string): Promise<unknown> =>
    (await callHandler(OrderRoutingHandler, { input: { order_type } })).result?.['decision_point_outcome'].step_names;
  assert.deepEqual(await outcome('premium'), ['validate_premium', 'process_premium']);
  assert.deepEqual(await outcome('review_required'), ['manual_review', 'approval_gate']);
  assert.deepEqual(await outcome('plain'), ['standard_processing']);
});

test('seed page: batches from the analyzer to the aggregator', async () => {
  const analyzed = await callHandler(CsvAnalyzerHandler, { input: { total_rows: 250 } });
  const cursors = analyzed.result?.['batch_processing_outcome'].cursor_configs;
  const dependencies: Record<string, unknown> = { analyze_csv: analyzed.result };
  for (const cursor of cursors) {
    const done = await callHandler(CsvBatchProcessorHandler, { stepInputs: { cursor } });
    dependencies[`process_csv_batch_${cursor.batch_id}`] = done.result;
  }
  assert.deepEqual(dependencies['process_csv_batch_003'], { rows_processed: 50 });
  assert.deepEqual((await callHandler(CsvResultsAggregatorHandler, { dependencies })).result, { total_rows: 250, worker_count: 3 });
  const none = await callHandler(CsvAnalyzerHandler, { input: { total_rows: 0 } });
  const empty = await callHandler(CsvResultsAggregatorHandler, { dependencies: { analyze_csv: none.result } });
  assert.deepEqual(empty.result, { total_rows: 0, skipped: true });
  await assert.rejects(callHandler(CsvResultsAggregatorHandler, { dependencies: {} }), /no result of the step 'analyze_csv'/);
});

test('a context says what the contract asks for', () => {
  const context = stepContext({
    input: { a: null, big: 9007199254740993n }, config: { region: 'eu' }, attempt: 2, maxAttempts: 2,
    dependencies: { one: { result: { nested: 1 }, x: 2 }, one_more: null, two: { deep: { er: [1] } } },
    checkpoint: { cursor: 5, items_processed: 5, accumulated_results: { sum: 1 } },
  });
  assert.equal(context.getInputOr('a', 1), null);
  assert.equal(context.getInputOr('b', 1), 1);
  assert.equal(context.getInput('toString'), undefined);
  assert.equal(context.getInput('big'), 9007199254740993n);
  assert.equal(context.getConfig('region'), 'eu');
  assert.deepEqual(context.getDependencyResult('one'), { result: { nested: 1 }, x: 2 });
  assert.equal(context.getDependencyResult('missing'), null);
  assert.deepEqual(context.getDependencyField('two', 'deep', 'er'), [1]);
  assert.equal(context.getDependencyField('two', 'deep', 'no', 'x'), null);
  assert.equal(context.getAllDependencyResults('one').length, 1);
  assert.deepEqual([context.isRetry(), context.isLastRetry(), context.retryCount, context.maxRetries], [true, true, 1, 2]);
  assert.deepEqual([context.hasCheckpoint(), context.checkpointCursor, context.checkpointItemsProcessed], [true, 5, 5]);
  assert.equal(context.event.workflowStep.attempts, 1);
  assert.equal(context.event.stepDefinition.handlerInitialization['region'], 'eu');
});

test('a handler class without a name of its own has its class name', () => {
  class Unnamed extends StepHandler {
    async call(_context: StepContext): Promise<StepHandlerResult> {
      return this.success();
    }
  }
  assert.deepEqual([new Unnamed().name, new Unnamed().version, new Unnamed().capabilities], ['Unnamed', '1.0.0', ['process']]);
});
