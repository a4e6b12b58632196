/** The vectors that every language runs: `protocol/vectors` of the repository. Their absence is a failure. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { parseJson } from '../../src/json/parse.js';
import type { JsonObject } from '../../src/json/value.js';

export const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));
export const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));

export interface Vector {
  name: string;
  data: any;
  valid?: boolean;
  may_accept?: boolean;
  expected?: any;
}

/** The tests of a file, of one subject when it is given. */
export function vectors(file: string, subject?: string): Vector[] {
  const groups = parseJson(readFileSync(`${REPOSITORY}protocol/vectors/${file}`)) as JsonObject[];
  return groups
    .filter((group) => subject === undefined || group['subject'] === subject)
    .flatMap((group) => (group['tests'] as JsonObject[]).map((test) => ({
      ...test, name: `${group['description']}: ${test['description']}`,
    }) as Vector));
}

/** The bytes of a raw text. */
export function textBytes(data: JsonObject): Buffer {
  if (typeof data['text'] === 'string') return Buffer.from(data['text']);
  if (typeof data['base64'] === 'string') return Buffer.from(data['base64'], 'base64');
  return Buffer.from((data['parts'] as JsonObject[]).map((part) => part['text'].repeat(part['times'])).join(''));
}
