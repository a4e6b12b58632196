import { randomBytes, randomUUID } from 'node:crypto';

import { SDK } from '../version.js';
import type { WorkerIdentity } from '../wire/outgoing.js';

/** Random per process start; a given id becomes its prefix. */
export function newWorkerId(prefix: string | null): string {
  return prefix === null ? randomUUID() : `${prefix}-${randomBytes(6).toString('hex')}`;
}

export function identityOf(id: string, host: string): WorkerIdentity {
  return { id, language: 'typescript', sdk: SDK, hostname: host };
}
