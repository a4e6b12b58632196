const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;

/** The caller's span. */
export interface TraceParent {
  traceId: string;
  parentId: string;
  sampled: boolean;
}

/** W3C trace context; null for everything the specification calls invalid, which then counts as absent. */
export function parseTraceparent(value: unknown): TraceParent | null {
  const match = typeof value === 'string' ? TRACEPARENT.exec(value) : null;
  if (match === null) return null;
  const [, version, traceId = '', parentId = '', flags = '', more] = match;
  if (version === '00' && more !== undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, parentId, sampled: (parseInt(flags, 16) & 1) === 1 };
}
