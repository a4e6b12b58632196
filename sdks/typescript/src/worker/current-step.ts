/** The step whose code runs, through all of its promises and timers. */
import { AsyncLocalStorage } from 'node:async_hooks';

import type { ExecuteMessage } from '../wire/execute.js';
import { parseTraceparent } from '../wire/trace.js';

/** What the log lines of its handler say beside their own fields. */
export interface StepLogFields {
  task: string;
  step: string;
  attempt: number;
  trace_id?: string;
}

export const currentStep = new AsyncLocalStorage<StepLogFields>();

export function stepLogFields(message: ExecuteMessage): StepLogFields {
  const trace = parseTraceparent(message.traceHeaders['traceparent']);
  return {
    task: message.taskUuid, step: message.stepName, attempt: message.attempt,
    ...(trace === null ? {} : { trace_id: trace.traceId }),
  };
}
