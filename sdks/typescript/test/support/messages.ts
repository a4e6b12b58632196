import type { JsonObject } from '../../src/json/value.js';
import { writeJson } from '../../src/json/write.js';
import { stepMessage } from '../../src/testing.js';

const PARTS = ['task', 'step', 'handler', 'limits', 'step_definition'];

/** A complete `step.execute`; `changes` replace members, objects for parts of it are merged. */
export function execute(callable = 'echo', input: JsonObject = {}, changes: JsonObject = {}): JsonObject {
  const message = stepMessage(callable, { input, name: 'validate_order' });
  for (const [key, value] of Object.entries(changes)) {
    message[key] = PARTS.includes(key) && value !== null && typeof value === 'object' ? { ...message[key], ...value } : value;
  }
  return message;
}

export function body(message: unknown): Buffer {
  return Buffer.from(writeJson(message, 70));
}
