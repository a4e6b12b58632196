/** HTTP calls whose answers are classified as success, retryable or permanent failure. */
import { parseJson } from '../json/parse.js';
import { writeJson } from '../json/write.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import { ApiResponse, secondsToWait } from './api-response.js';
import { StepHandler } from './base.js';
import { bindMembers } from './mixin.js';
import { StepHandlerResult } from './result.js';

const ERROR_TYPES: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  409: 'conflict',
  410: 'gone',
  422: 'unprocessable_entity',
  429: 'rate_limited',
  500: 'internal_server_error',
  502: 'bad_gateway',
  503: 'service_unavailable',
  504: 'gateway_timeout',
};
const DETAIL_KEYS = ['error', 'message', 'detail', 'error_message', 'msg'];
const REASONS: Record<number, string> = {
  400: 'Bad Request', 401: 'Unauthorized', 402: 'Payment Required', 403: 'Forbidden', 404: 'Not Found',
  405: 'Method Not Allowed', 406: 'Not Acceptable', 407: 'Proxy Authentication Required', 408: 'Request Timeout',
  409: 'Conflict', 410: 'Gone', 411: 'Length Required', 412: 'Precondition Failed', 413: 'Request Entity Too Large',
  414: 'Request-URI Too Long', 415: 'Unsupported Media Type', 416: 'Requested Range Not Satisfiable',
  417: 'Expectation Failed', 418: "I'm a Teapot", 421: 'Misdirected Request', 422: 'Unprocessable Entity',
  423: 'Locked', 424: 'Failed Dependency', 425: 'Too Early', 426: 'Upgrade Required', 428: 'Precondition Required',
  429: 'Too Many Requests', 431: 'Request Header Fields Too Large', 451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable',
  504: 'Gateway Timeout', 505: 'HTTP Version Not Supported', 507: 'Insufficient Storage', 508: 'Loop Detected',
  511: 'Network Authentication Required',
  300: 'Multiple Choices', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other', 304: 'Not Modified',
  307: 'Temporary Redirect', 308: 'Permanent Redirect',
};

type Headers_ = Record<string, string>;
export interface ApiBody {
  /** Objects are sent as JSON unless `json` is false. */
  body?: any;
  json?: boolean;
  headers?: Record<string, string>;
}

/** What {@link applyAPI} gives to an instance. */
export interface APICapable {
  get(path: string, params?: Record<string, unknown>, headers?: Headers_): Promise<ApiResponse>;
  post(path: string, options?: ApiBody): Promise<ApiResponse>;
  put(path: string, options?: ApiBody): Promise<ApiResponse>;
  patch(path: string, options?: ApiBody): Promise<ApiResponse>;
  delete(path: string, headers?: Headers_): Promise<ApiResponse>;
  request(method: string, path: string, init?: RequestInit): Promise<ApiResponse>;
  apiSuccess(response: ApiResponse, result?: JsonObject, includeResponse?: boolean): StepHandlerResult;
  apiFailure(response: ApiResponse, message?: string): StepHandlerResult;
  connectionError(error: Error, context?: string): StepHandlerResult;
  timeoutError(error: Error, context?: string): StepHandlerResult;
}

/** `this.get()` and its siblings, and results made from what they return. Time-outs are in milliseconds. */
export class APIMixin implements APICapable {
  static baseUrl = '';
  static defaultTimeout = 30_000;
  static defaultHeaders: Record<string, string> = {};

  get baseUrl(): string {
    return (this.constructor as typeof APIMixin).baseUrl ?? '';
  }

  get timeout(): number {
    return (this.constructor as typeof APIMixin).defaultTimeout ?? 30_000;
  }

  get defaultHeaders(): Record<string, string> {
    return (this.constructor as typeof APIMixin).defaultHeaders ?? {};
  }

  // Verbs. Errors of fetch, and AbortError or TimeoutError on a time-out, go to the caller.

  get(path: string, params?: Record<string, unknown>, headers?: Headers_): Promise<ApiResponse> {
    return this.request('GET', withQuery(path, params), headers === undefined ? {} : { headers });
  }

  post(path: string, options: ApiBody = {}): Promise<ApiResponse> {
    return this.request('POST', path, withBody(options));
  }

  put(path: string, options: ApiBody = {}): Promise<ApiResponse> {
    return this.request('PUT', path, withBody(options));
  }

  patch(path: string, options: ApiBody = {}): Promise<ApiResponse> {
    return this.request('PATCH', path, withBody(options));
  }

  delete(path: string, headers?: Headers_): Promise<ApiResponse> {
    return this.request('DELETE', path, headers === undefined ? {} : { headers });
  }

  async request(method: string, path: string, init: RequestInit = {}): Promise<ApiResponse> {
    const headers = new Headers(this.defaultHeaders);
    new Headers(init.headers).forEach((value, name) => headers.set(name, value));
    const signal = timeoutSignal(this.timeout);
    try {
      const response = await globalThis.fetch(this.baseUrl + path, { signal, ...init, method, headers });
      return new ApiResponse(response, await decodedBody(response));
    } catch (error) {
      // Node 18 has another error when the time is up while the body is read.
      throw signal.aborted && init.signal === undefined ? (signal as unknown as { reason: unknown }).reason : error;
    }
  }

  /** The body as result (`{data: body}` when it is no object), or `result` instead of it. */
  apiSuccess(response: ApiResponse, result?: JsonObject, includeResponse = true): StepHandlerResult {
    const { body } = response;
    const payload = result ?? (isObject(body) ? body : { data: body });
    const metadata = includeResponse ? { status_code: response.statusCode, headers: response.headers } : {};
    return StepHandlerResult.success(payload, metadata);
  }

  /** A failure classified by the status: 408, 429 and every 5xx are tried again. */
  apiFailure(response: ApiResponse, message?: string): StepHandlerResult {
    const metadata: JsonObject = { status_code: response.statusCode, headers: response.headers };
    const wait = secondsToWait(response);
    if (wait !== null) metadata['retry_after_seconds'] = wait;
    if (!isEmpty(response.body)) metadata['response_body'] = response.body;
    return StepHandlerResult.failure(
      message ?? `HTTP ${response.statusCode}: ${detailOf(response)}`,
      classify(response),
      response.isRetryable || response.isServerError,
      metadata,
    );
  }

  /** A retryable failure for a connection that could not be made or broke. */
  connectionError(error: Error, context?: string): StepHandlerResult {
    return transportFailure('Connection error', 'connection_error', error, context);
  }

  /** A retryable failure for an answer that took too long. */
  timeoutError(error: Error, context?: string): StepHandlerResult {
    return transportFailure('Request timeout', 'timeout', error, context);
  }
}

/** Gives an instance the methods of {@link APIMixin}, with the statics of its own class. */
export function applyAPI<T extends object>(target: T): T & APICapable {
  bindMembers(target, APIMixin.prototype);
  return target as T & APICapable;
}

/** Base of handlers that call HTTP APIs. */
export abstract class ApiHandler extends StepHandler {
  static baseUrl = '';
  static defaultTimeout = 30_000;
  static defaultHeaders: Record<string, string> = {};

  override get capabilities(): string[] {
    return ['process', 'http', 'api'];
  }
}
export interface ApiHandler extends APICapable {
  readonly baseUrl: string;
  readonly timeout: number;
  readonly defaultHeaders: Record<string, string>;
}
bindMembers(ApiHandler.prototype, APIMixin.prototype);

function withQuery(path: string, params: Record<string, unknown> | undefined): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  const text = query.toString();
  return text === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${text}`;
}

function withBody(options: ApiBody): RequestInit {
  const { body, json = true, headers = {} } = options;
  if (body === undefined) return { headers };
  if (!json) return { headers, body: body as BodyInit };
  const named = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  return { headers: named ? headers : { 'Content-Type': 'application/json', ...headers }, body: writeJson(body, 256) };
}

async function decodedBody(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text !== '' && (response.headers.get('content-type') ?? '').includes('json')) {
    try {
      return parseJson(text);
    } catch {
      // sent as JSON and is none: the text is what there is
    }
  }
  return text;
}

function classify(response: ApiResponse): string {
  const known = ERROR_TYPES[response.statusCode];
  if (known !== undefined) return known;
  if (response.isClientError) return 'client_error';
  return response.isServerError ? 'server_error' : 'http_error';
}

function detailOf(response: ApiResponse): string {
  const body: unknown = response.body;
  if (isObject(body)) {
    for (const key of DETAIL_KEYS) {
      const value: unknown = isObject(body[key]) ? body[key]['message'] : body[key];
      if (typeof value === 'string' && value !== '') return value;
    }
  }
  return REASONS[response.statusCode] ?? 'Unknown error';
}

function isEmpty(body: unknown): boolean {
  if (body === null || body === undefined || body === '') return true;
  if (Array.isArray(body)) return body.length === 0;
  return isObject(body) && Object.keys(body).length === 0;
}

function transportFailure(what: string, errorType: string, error: Error, context?: string): StepHandlerResult {
  const doing = context === undefined || context === '' ? '' : ` while ${context}`;
  return StepHandlerResult.failure(`${what}${doing}: ${messageOf(error)}`, errorType, true, {
    exception_type: error?.name ?? typeof error,
  });
}

/** fetch says only "fetch failed"; what happened is in the cause. */
function messageOf(error: Error): string {
  const cause = (error as { cause?: { message?: unknown; code?: unknown } } | null)?.cause;
  const detail = cause?.message || cause?.code;
  const text = error?.message ?? String(error);
  return typeof detail === 'string' && detail !== '' && !text.includes(detail) ? `${text} (${detail})` : text;
}

/** The compiler's DOM library does not know `AbortSignal.timeout` yet. */
function timeoutSignal(milliseconds: number): AbortSignal {
  return (AbortSignal as unknown as { timeout(milliseconds: number): AbortSignal }).timeout(milliseconds);
}
