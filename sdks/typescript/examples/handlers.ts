/** The handler of the README. */
import { PermanentError, StepHandler } from '../src/index.js';
import type { StepContext, StepHandlerResult } from '../src/index.js';

export class ValidateOrderHandler extends StepHandler {
  static handlerName = 'validate_order';
  static handlerVersion = '1.0.0';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const items = context.getInputOr<Array<{ price: number; quantity: number }>>('items', []);
    if (items.length === 0) throw new PermanentError('the order has no items', {}, { errorCode: 'EMPTY_ORDER' });
    const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
    return this.success({ total });
  }
}
