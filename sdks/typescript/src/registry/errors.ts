/** A handler could not be resolved. */
export class ResolutionError extends Error {
  override name = 'ResolutionError';
}

/** The template names a resolver that is not in the chain. */
export class ResolverNotFoundError extends ResolutionError {
  override name = 'ResolverNotFoundError';
  readonly resolverName: string;

  constructor(resolverName: string, known: string[] = []) {
    super(`there is no resolver '${resolverName}' (known: ${known.join(', ') || 'none'})`);
    this.resolverName = resolverName;
  }
}

/** No resolver knows the callable. */
export class NoResolverMatchError extends ResolutionError {
  override name = 'NoResolverMatchError';

  constructor(callable: string, tried: string[] = []) {
    super(`no resolver knows the handler '${callable}' (tried: ${tried.join(', ') || 'none'})`);
  }
}

/** The handler has no such method. */
export class MethodDispatchError extends ResolutionError {
  override name = 'MethodDispatchError';
  readonly method: string;

  constructor(handlerName: string, method: string) {
    super(`the handler ${handlerName} has no method '${method}'`);
    this.method = method;
  }
}
