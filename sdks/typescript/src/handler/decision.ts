/** Choosing the steps that follow. */
import type { JsonObject } from '../json/value.js';
import { StepHandler } from './base.js';
import { bindMembers } from './mixin.js';
import { StepHandlerResult } from './result.js';

export const DecisionType = Object.freeze({ CREATE_STEPS: 'create_steps', NO_BRANCHES: 'no_branches' } as const);
export type DecisionType = typeof DecisionType[keyof typeof DecisionType];

export interface DecisionPointOutcome {
  decisionType: DecisionType;
  nextStepNames: string[];
  dynamicSteps?: JsonObject[];
  reason?: string;
  routingContext: JsonObject;
}

/** What {@link applyDecision} gives to an instance. */
export interface DecisionCapable {
  decisionSuccess(steps: string[] | string, routingContext?: JsonObject, metadata?: JsonObject): StepHandlerResult;
  routeToSteps(steps: string[] | string, routingContext?: JsonObject, metadata?: JsonObject): StepHandlerResult;
  decisionSuccessWithOutcome(outcome: DecisionPointOutcome, metadata?: JsonObject): StepHandlerResult;
  decisionNoBranches(outcome: DecisionPointOutcome, metadata?: JsonObject): StepHandlerResult;
  skipBranches(reason: string, routingContext?: JsonObject, metadata?: JsonObject): StepHandlerResult;
  decisionFailure(message: string, errorType?: string, retryable?: boolean, metadata?: JsonObject): StepHandlerResult;
}

/** Results of a decision step. */
export class DecisionMixin implements DecisionCapable {
  /** Activate the named steps; `routingContext` is stored with the result for later steps. */
  decisionSuccess(steps: string[] | string, routingContext: JsonObject = {}, metadata: JsonObject = {}): StepHandlerResult {
    const nextStepNames = typeof steps === 'string' ? [steps] : [...steps];
    if (nextStepNames.length === 0) {
      throw new RangeError('decisionSuccess needs at least one step name; use skipBranches when no step follows');
    }
    return this.decisionSuccessWithOutcome(
      { decisionType: DecisionType.CREATE_STEPS, nextStepNames, routingContext }, metadata,
    );
  }

  /** The same as `decisionSuccess`. */
  routeToSteps(steps: string[] | string, routingContext: JsonObject = {}, metadata: JsonObject = {}): StepHandlerResult {
    return this.decisionSuccess(steps, routingContext, metadata);
  }

  decisionSuccessWithOutcome(outcome: DecisionPointOutcome, metadata: JsonObject = {}): StepHandlerResult {
    return StepHandlerResult.success(decisionResult(outcome), describe(this, metadata));
  }

  decisionNoBranches(outcome: DecisionPointOutcome, metadata: JsonObject = {}): StepHandlerResult {
    return this.decisionSuccessWithOutcome({ ...outcome, decisionType: DecisionType.NO_BRANCHES }, metadata);
  }

  /** A success after which no step follows. */
  skipBranches(reason: string, routingContext: JsonObject = {}, metadata: JsonObject = {}): StepHandlerResult {
    return this.decisionNoBranches(
      { decisionType: DecisionType.NO_BRANCHES, nextStepNames: [], reason, routingContext }, metadata,
    );
  }

  /** The decision could not be made. */
  decisionFailure(
    message: string, errorType = 'decision_error', retryable = false, metadata: JsonObject = {},
  ): StepHandlerResult {
    return StepHandlerResult.failure(message, errorType, retryable, describe(this, metadata));
  }
}

/** The result that the orchestrator interprets. */
export function decisionResult(outcome: DecisionPointOutcome): JsonObject {
  const result: JsonObject = {
    decision_point_outcome:
      outcome.decisionType === DecisionType.CREATE_STEPS
        ? { type: outcome.decisionType, step_names: outcome.nextStepNames }
        : { type: outcome.decisionType },
  };
  if (outcome.reason !== undefined && outcome.reason !== '') result['reason'] = outcome.reason;
  if (Object.keys(outcome.routingContext ?? {}).length > 0) result['routing_context'] = outcome.routingContext;
  if (outcome.dynamicSteps !== undefined) result['dynamic_steps'] = outcome.dynamicSteps;
  return result;
}

function describe(handler: object, metadata: JsonObject): JsonObject {
  const { name, version } = handler as { name?: string; version?: string };
  return {
    ...metadata, decision_handler: name ?? handler.constructor.name, decision_version: version ?? '1.0.0',
  };
}

/** Gives an instance the methods of {@link DecisionMixin}. */
export function applyDecision<T extends object>(target: T): T & DecisionCapable {
  bindMembers(target, DecisionMixin.prototype);
  return target as T & DecisionCapable;
}

/** Base of decision handlers. */
export abstract class DecisionHandler extends StepHandler {
  override get capabilities(): string[] {
    return ['process', 'decision', 'routing'];
  }
}
export interface DecisionHandler extends DecisionCapable {}
bindMembers(DecisionHandler.prototype, DecisionMixin.prototype);
