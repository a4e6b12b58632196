/** The same handlers as in polyglot.py, polyglot.rb and PolyglotHandlers.swift, under the same names. */
import { appendFileSync } from 'node:fs';

import {
  BatchableStepHandler, DecisionHandler, StepHandler,
} from '../../../sdks/typescript/dist/src/index.js';

export class Step extends StepHandler {
  static handlerName = 'poly.step';

  async call(context) {
    const path = context.getInput('record_path');
    if (path) {
      const line = `${context.stepUuid} ${context.retryCount + 1} ${context.event.eventId} ${process.pid}\n`;
      appendFileSync(path, line);
    }
    return this.success({ language: 'typescript' });
  }
}

export class Echo extends StepHandler {
  static handlerName = 'poly.echo';

  async call(context) {
    return this.success({ value: context.getInput('value') });
  }
}

export class Route extends DecisionHandler {
  static handlerName = 'poly.route';

  async call(context) {
    const amount = context.getInput('amount');
    if (amount === 0) return this.skipBranches('nothing to approve');
    return this.decisionSuccess(amount < 1000 ? ['auto'] : ['manager', 'finance'], { amount });
  }
}

export class Analyze extends BatchableStepHandler {
  static handlerName = 'poly.analyze';

  async call(context) {
    return this.batchAnalyzerSuccess(this.createBatchOutcome(context.getInput('rows'), 100));
  }
}

export class Batch extends BatchableStepHandler {
  static handlerName = 'poly.batch';

  async call(context) {
    const batch = this.getBatchWorkerContext(context);
    const start = context.hasCheckpoint() ? context.checkpointCursor : batch.startCursor;
    const stop = Math.min(start + 40, batch.endCursor);
    let sum = context.accumulatedResults?.sum ?? 0;
    for (let row = start; row < stop; row += 1) sum += row;
    if (stop < batch.endCursor) return this.checkpointYield(stop, stop - batch.startCursor, { sum });
    return this.batchWorkerSuccess(batch, { result: { sum, rows: batch.endCursor - batch.startCursor } });
  }
}

export class Aggregate extends BatchableStepHandler {
  static handlerName = 'poly.aggregate';

  async call(context) {
    const scenario = this.detectAggregationScenario(context.dependencyResults, 'analyze', 'process_');
    if (scenario.isNoBatches) return this.success({ total: 0, workers: 0 });
    const found = Object.values(scenario.batchResults);
    return this.success({ total: found.reduce((sum, result) => sum + result.sum, 0), workers: scenario.workerCount });
  }
}
