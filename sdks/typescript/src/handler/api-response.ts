import type { JsonObject } from '../json/value.js';

const RETRYABLE = new Set([408, 429, 500, 502, 503, 504]);
const UNREADABLE_RETRY_AFTER = 60;

/** What is used of a `Response`; a plain object of this shape will do. */
export interface ResponseLike {
  status: number;
  headers?: Headers | Record<string, string>;
}

/** An HTTP response with its body decoded: a value for JSON, else the text. */
export class ApiResponse {
  readonly statusCode: number;
  /** Header names in lower case. */
  readonly headers: Record<string, string>;
  readonly body: any;
  readonly rawResponse: ResponseLike;

  constructor(response: ResponseLike, body?: unknown) {
    this.rawResponse = response;
    this.statusCode = response.status;
    this.headers = plainHeaders(response.headers);
    this.body = body === undefined ? (response as { body?: unknown }).body ?? null : body;
  }

  get ok(): boolean {
    return this.statusCode >= 200 && this.statusCode < 300;
  }

  get isClientError(): boolean {
    return this.statusCode >= 400 && this.statusCode < 500;
  }

  get isServerError(): boolean {
    return this.statusCode >= 500 && this.statusCode < 600;
  }

  /** 408, 429, 500, 502, 503, 504. */
  get isRetryable(): boolean {
    return RETRYABLE.has(this.statusCode);
  }

  /** The `Retry-After` header in seconds; 60 when it is a date or unreadable, null when absent. */
  get retryAfter(): number | null {
    const value = this.headers['retry-after'];
    if (value === undefined) return null;
    return /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : UNREADABLE_RETRY_AFTER;
  }

  toDict(): JsonObject {
    return { status_code: this.statusCode, headers: this.headers, body: this.body };
  }
}

/** What the orchestrator should wait, in seconds: a date is turned into seconds from now; null without the header. */
export function secondsToWait(response: ApiResponse): number | null {
  const value = response.headers['retry-after'];
  if (value === undefined) return null;
  const plain = response.retryAfter;
  if (/^\s*[+-]?\d+\s*$/.test(value)) return Math.max(0, plain ?? 0);
  const moment = /[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(moment) ? UNREADABLE_RETRY_AFTER : Math.max(0, Math.round((moment - Date.now()) / 1000));
}

function plainHeaders(headers: Headers | Record<string, string> | undefined): Record<string, string> {
  const plain: Record<string, string> = {};
  if (headers === undefined) return plain;
  if (typeof (headers as Headers).forEach === 'function') {
    (headers as Headers).forEach((value, name) => {
      plain[name.toLowerCase()] = value;
    });
  } else {
    for (const [name, value] of Object.entries(headers)) plain[name.toLowerCase()] = String(value);
  }
  return plain;
}
