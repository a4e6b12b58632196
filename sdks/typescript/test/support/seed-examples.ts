/** The snippets of the handler-types page, in TypeScript. */
import {
  APIMixin, applyAPI, applyBatchable, applyDecision, ApiHandler, detectAggregationScenario, StepHandler, StepHandlerResult,
} from '../../src/index.js';
import type { APICapable, Batchable, DecisionCapable, StepContext } from '../../src/index.js';

export class ProcessPaymentHandler extends StepHandler {
  static handlerName = 'process_payment';
  static handlerVersion = '1.0.0';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const inputData = context.inputData;
    const result = { processed: true, handler: 'process_payment', amount: inputData.amount ?? null };
    return StepHandlerResult.success(result);
  }
}

export class FetchOrderHandler extends ApiHandler {
  static handlerName = 'fetch_order';
  static baseUrl = 'https://api.example.com';
  static defaultTimeout = 30_000;

  async call(context: StepContext): Promise<StepHandlerResult> {
    const orderId = context.inputData.order_id;
    let response;
    try {
      response = await this.get(`/orders/${orderId}`);
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') return this.timeoutError(error as Error, 'fetching order');
      return this.connectionError(error as Error, 'fetching order');
    }
    return response.ok ? this.apiSuccess(response) : this.apiFailure(response);
  }
}

/** The same by composition: the mixin's methods on an ordinary handler. */
export interface ComposedFetchHandler extends APICapable {}
export class ComposedFetchHandler extends StepHandler {
  static handlerName = 'composed_fetch';
  static baseUrl = 'http://composed.test';
  static defaultTimeout = APIMixin.defaultTimeout;

  constructor() {
    super();
    applyAPI(this);
  }

  async call(_context: StepContext): Promise<StepHandlerResult> {
    const response = await this.get('/x');
    return response.ok ? this.apiSuccess(response) : this.apiFailure(response);
  }
}

export interface OrderRoutingHandler extends DecisionCapable {}
export class OrderRoutingHandler extends StepHandler {
  static handlerName = 'order_routing';

  constructor() {
    super();
    applyDecision(this);
  }

  async call(context: StepContext): Promise<StepHandlerResult> {
    const orderType = context.inputData.order_type;
    if (orderType === 'premium') {
      return this.decisionSuccess(['validate_premium', 'process_premium'], { order_type: orderType });
    }
    if (orderType === 'review_required') {
      return this.decisionSuccess(['manual_review', 'approval_gate'], { order_type: orderType });
    }
    return this.decisionSuccess(['standard_processing']);
  }
}

export interface CsvAnalyzerHandler extends Batchable {}
export class CsvAnalyzerHandler extends StepHandler {
  static handlerName = 'analyze_csv';

  constructor() {
    super();
    applyBatchable(this);
  }

  async call(context: StepContext): Promise<StepHandlerResult> {
    const totalRows = Number(context.inputData.total_rows ?? 10_000);
    return this.batchAnalyzerSuccess(this.createBatchOutcome(totalRows, 100));
  }
}

export interface CsvBatchProcessorHandler extends Batchable {}
export class CsvBatchProcessorHandler extends StepHandler {
  static handlerName = 'process_csv_batch';

  constructor() {
    super();
    applyBatchable(this);
  }

  async call(context: StepContext): Promise<StepHandlerResult> {
    const batchContext = this.getBatchWorkerContext(context);
    if (!batchContext) return this.failure('no batch', 'validation_error', false);
    const { cursor } = batchContext;
    const rowsProcessed = cursor.endCursor - cursor.startCursor;
    return this.batchWorkerSuccess(batchContext, { result: { rows_processed: rowsProcessed } });
  }
}

export class CsvResultsAggregatorHandler extends StepHandler {
  static handlerName = 'aggregate_csv_results';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const scenario = detectAggregationScenario(context.dependencyResults, 'analyze_csv', 'process_csv_batch_');
    if (scenario.isNoBatches) return this.success({ total_rows: 0, skipped: true });
    const total = Object.values(scenario.batchResults).reduce((sum, result) => sum + (result.rows_processed ?? 0), 0);
    return this.success({ total_rows: total, worker_count: scenario.workerCount });
  }
}
