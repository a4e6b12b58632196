/**
 * TypeScript's part of `templates/tasks/order_processing.yaml` in the demo: an HTTP API, and a small batch. Compile it, then
 * run: `SHIPPING_URL=http://... tasker-worker dist/examples/order_shipping.js --namespace ecommerce --queue ecommerce.typescript`
 */
// In a project of your own: from 'tasker-sdk'
import { ApiHandler, BatchableStepHandler } from '../src/index.js';
import type { StepContext, StepHandlerResult } from '../src/index.js';

interface Item {
  sku: string;
  quantity: number;
}

/** Asks the carrier's service. A 429 or 503 is tried again when the service says. */
export class QuoteShippingHandler extends ApiHandler {
  static handlerName = 'QuoteShippingHandler';
  static override baseUrl = process.env['SHIPPING_URL'] ?? 'http://127.0.0.1:18099';
  static override defaultTimeout = 5_000;

  async call(context: StepContext): Promise<StepHandlerResult> {
    const country = context.getInputOr<{ country?: string }>('shipping_address', {}).country ?? 'DE';
    const items = context.getInputOr<Item[]>('items', []).reduce((sum, item) => sum + item.quantity, 0);
    try {
      const response = await this.get('/quotes', { order: context.getInput('order_id'), country, items });
      return response.ok ? this.apiSuccess(response) : this.apiFailure(response);
    } catch (error) {
      return this.connectionError(error as Error, 'asking for a quote');
    }
  }
}

/** Splits the order's lines into boxes. */
export class PlanPackingHandler extends BatchableStepHandler {
  static handlerName = 'PlanPackingHandler';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const lines = context.getInputOr<Item[]>('items', []).length;
    return this.batchAnalyzerSuccess(this.createBatchOutcome(lines, context.getConfig<number>('lines_per_box') ?? 2));
  }
}

/** Packs the lines of one box. */
export class PackBoxHandler extends BatchableStepHandler {
  static handlerName = 'PackBoxHandler';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const batch = this.getBatchWorkerContext(context);
    if (batch === null) return this.failure('this step packs a box of plan_packing', 'validation_error', false);
    const lines = context.getInputOr<Item[]>('items', []).slice(batch.startCursor, batch.endCursor);
    return this.batchWorkerSuccess(batch, { result: { box: batch.batchId, skus: lines.map((line) => line.sku) } });
  }
}
