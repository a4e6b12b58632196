/** What the orchestrator answers. Missing members become defaults: both sides may be newer. */
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';

export interface TaskResponse {
  task_uuid: string;
  name: string;
  namespace: string;
  version: string;
  status: string;
  created_at: string | null;
  updated_at: string | null;
  completed_at: string | null;
  context: JsonObject;
  initiator: string;
  source_system: string;
  reason: string;
  priority: number | null;
  tags: string[];
  correlation_id: string | null;
  parent_correlation_id: string | null;
  total_steps: number;
  pending_steps: number;
  in_progress_steps: number;
  completed_steps: number;
  failed_steps: number;
  ready_steps: number;
  execution_status: string;
  recommended_action: string | null;
  completion_percentage: number;
  health_status: string;
  steps: JsonObject[];
}

export interface StepResponse {
  step_uuid: string;
  task_uuid: string;
  name: string;
  created_at: string | null;
  updated_at: string | null;
  completed_at: string | null;
  results: any;
  current_state: string;
  attempts: number;
  max_attempts: number;
  dependencies_satisfied: boolean;
  retry_eligible: boolean;
  ready_for_execution: boolean;
  last_failure_at: string | null;
  next_retry_at: string | null;
  last_attempted_at: string | null;
  total_parents: number;
  completed_parents: number;
}

/** What is known about whether a step may run. */
export type StepReadinessStatus = Pick<
  StepResponse,
  'dependencies_satisfied' | 'retry_eligible' | 'ready_for_execution' | 'current_state' | 'attempts' | 'max_attempts'
>;

export interface StepAuditResponse {
  audit_uuid: string;
  workflow_step_uuid: string;
  task_uuid: string;
  recorded_at: string;
  step_name: string;
  from_state: string | null;
  to_state: string;
  success: boolean;
  [other: string]: any;
}

export interface PaginationInfo {
  page: number;
  per_page: number;
  total_count: number;
  total_pages: number;
  has_next: boolean;
  has_previous: boolean;
}

export interface TaskListResponse {
  tasks: TaskResponse[];
  pagination: PaginationInfo;
}

export interface CancelTaskResponse {
  task_uuid: string;
  status: string;
  [other: string]: any;
}

export interface HealthCheckResponse {
  status: string;
  healthy: boolean;
  timestamp: string | null;
  [other: string]: any;
}

const TASK: TaskResponse = {
  task_uuid: '', name: '', namespace: '', version: '', status: '', created_at: null, updated_at: null, completed_at: null,
  context: {}, initiator: '', source_system: '', reason: '', priority: null, tags: [], correlation_id: null,
  parent_correlation_id: null, total_steps: 0, pending_steps: 0, in_progress_steps: 0, completed_steps: 0,
  failed_steps: 0, ready_steps: 0, execution_status: '', recommended_action: null, completion_percentage: 0,
  health_status: '', steps: [],
};
const STEP: StepResponse = {
  step_uuid: '', task_uuid: '', name: '', created_at: null, updated_at: null, completed_at: null, results: null,
  current_state: '', attempts: 0, max_attempts: 0, dependencies_satisfied: false, retry_eligible: false,
  ready_for_execution: false, last_failure_at: null, next_retry_at: null, last_attempted_at: null, total_parents: 0,
  completed_parents: 0,
};
const PAGINATION: PaginationInfo = { page: 1, per_page: 0, total_count: 0, total_pages: 0, has_next: false, has_previous: false };

/** Null members keep their defaults; unknown ones stay. */
function withDefaults<T extends object>(defaults: T, data: unknown): T {
  const given = isObject(data) ? Object.entries(data).filter(([, value]) => value !== null) : [];
  return structuredClone({ ...defaults, ...Object.fromEntries(given) }) as T;
}

export function taskOf(data: unknown): TaskResponse {
  return withDefaults(TASK, data);
}
export function stepOf(data: unknown): StepResponse {
  return withDefaults(STEP, data);
}
export function paginationOf(data: unknown): PaginationInfo {
  return withDefaults(PAGINATION, data);
}
export function listOf(data: unknown): unknown[] {
  return Array.isArray(data) ? data : [];
}
export function auditOf(data: unknown): StepAuditResponse {
  return withDefaults<StepAuditResponse>({
    audit_uuid: '', workflow_step_uuid: '', task_uuid: '', recorded_at: '', step_name: '', from_state: null, to_state: '', success: false,
  }, data);
}
export function healthOf(data: unknown): HealthCheckResponse {
  const found = withDefaults<HealthCheckResponse>({ status: '', healthy: false, timestamp: null }, data);
  return { ...found, healthy: found.healthy || found.status === 'healthy' || found.status === 'ok' };
}
