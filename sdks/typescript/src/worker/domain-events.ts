import type { ExecuteMessage } from '../wire/execute.js';
import type { Failure, Success } from './outcome.js';

/** What goes into the result message, and what in-process subscribers get once it is confirmed. */
export interface CollectedEvents {
  entries: object[];
  local: object[];
}

export function collectEvents(_message: ExecuteMessage, _outcome: Success | Failure, _elapsedMs: number): CollectedEvents {
  return { entries: [], local: [] };
}

export function publishLocal(_events: CollectedEvents): void {
  // nothing yet
}
