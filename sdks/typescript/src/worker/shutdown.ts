export type ShutdownHandler = () => void | Promise<void>;

/** Turns a stop request into one promise and a list of things to do. */
export class ShutdownController {
  promise: Promise<string>;
  private requested: string | null = null;
  private resolve: (signal: string) => void = () => undefined;
  private handlers: ShutdownHandler[] = [];

  constructor() {
    this.promise = this.fresh();
  }

  private fresh(): Promise<string> {
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  get isRequested(): boolean {
    return this.requested !== null;
  }

  /** What asked for the stop. */
  get signal(): string | null {
    return this.requested;
  }

  onShutdown(handler: ShutdownHandler): void {
    this.handlers.push(handler);
  }

  /** The first call counts. */
  trigger(signal = 'shutdown'): void {
    if (this.requested !== null) return;
    this.requested = signal;
    this.resolve(signal);
  }

  /** Runs the handlers in order; an error of one is reported and the next runs. */
  async executeHandlers(): Promise<void> {
    for (const handler of this.handlers) {
      try {
        await handler();
      } catch (error) {
        console.error(`a shutdown handler failed: ${String(error)}`);
      }
    }
  }

  reset(): void {
    this.requested = null;
    this.handlers = [];
    this.promise = this.fresh();
  }
}
