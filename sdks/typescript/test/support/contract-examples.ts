/** The must-run examples of the SDK contract, as older packages wrote them (only the import differs). */
import {
  BatchableStepHandler, DecisionHandler, defineApiHandler, defineBatchAnalyzer, defineHandler, PermanentError, RetryableError,
  StepHandler, type StepContext, type StepHandlerResult,
} from '../../src/index.js';

export class ReserveSeatHandler extends StepHandler {
  static handlerName = 'reserve_seat';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const seats = context.getInputOr<number>('seats', 1);
    if (seats < 1) throw new PermanentError('seats must be at least 1');
    const room = context.getDependencyResult('find_room') as { id: string; locked?: boolean } | null;
    if (room?.locked) throw new RetryableError('room is locked', { retry_after: 7 });
    return this.success({ room: room?.id ?? null, seats }, { last_try: context.isLastRetry() });
  }
}

export const QuoteShipping = defineHandler(
  'quote_shipping',
  { depends: { rates: 'load_rates' }, inputs: { weight: 'weight_kg' } },
  async ({ rates, weight, context }) => {
    const perKg = (rates as { per_kg: number }).per_kg;
    return { price: Math.round((weight as number) * perKg * 100) / 100, attempt: context.retryCount };
  },
);

export class Triage extends DecisionHandler {
  static handlerName = 'triage';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const score = context.getInput<number>('score');
    if (score === undefined) return this.skipBranches('no score');
    return this.decisionSuccess([score > 80 ? 'escalate' : 'archive'], { score });
  }
}

export const SplitRows = defineBatchAnalyzer('split_rows', { inputs: { rows: 'rows' } }, async ({ rows }) => ({
  totalItems: rows as number,
  batchSize: 40,
}));

export class Analyze extends BatchableStepHandler {
  static handlerName = 'analyze';

  async call(context: StepContext): Promise<StepHandlerResult> {
    return this.batchAnalyzerSuccess(this.createBatchOutcome(context.getInputOr<number>('rows', 0), 25));
  }
}

export class SumRange extends BatchableStepHandler {
  static handlerName = 'sum_range';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const idle = this.handleNoOpWorker(context);
    if (idle) return idle;
    const batch = this.getBatchContext(context);
    if (!batch) return this.failure('no batch', 'validation_error', false);
    const from = batch.hasCheckpoint() ? (batch.checkpointCursor as number) : batch.startCursor;
    const upTo = Math.min(from + 10, batch.endCursor);
    let total = Number(batch.accumulatedResults?.total ?? 0);
    for (let i = from; i < upTo; i += 1) total += i;
    const done = upTo - batch.startCursor;
    if (upTo < batch.endCursor) return this.checkpointYield(upTo, done, { total });
    return this.success({ total, items_processed: done });
  }
}

export const fetchRate = (baseUrl: string): ReturnType<typeof defineApiHandler> => defineApiHandler(
  'fetch_rate',
  { baseUrl, defaultTimeout: 2000, inputs: { currency: 'currency' } },
  async ({ api, currency }) => {
    try {
      const response = await api.get('/rate', { c: String(currency) });
      return response.ok ? api.apiSuccess(response) : api.apiFailure(response);
    } catch (error) {
      return api.connectionError(error as Error, 'reading the rate');
    }
  },
);

export class Ledger extends StepHandler {
  static handlerName = 'ledger';
  async call(context: StepContext): Promise<StepHandlerResult> { return this.success({ booked: context.getInput('amount') }); }
  async refund(context: StepContext): Promise<StepHandlerResult> { return this.success({ booked: -context.getInputOr<number>('amount', 0) }); }
}
