/**
 * Handlers for `templates/tasks/order_processing.yaml`. Compile them, then run:
 * `tasker-worker dist/examples/order_processing.js --namespace ecommerce --queue ecommerce.typescript`
 */
import { createHash } from 'node:crypto';

// In a project of your own: from 'tasker-sdk'
import { PermanentError, StepHandler } from '../src/index.js';
import type { StepContext, StepHandlerResult } from '../src/index.js';

/** An id that depends on the inputs only, so that a repeated attempt means the same thing. */
function stableId(prefix: string, ...parts: string[]): string {
  return `${prefix}-${createHash('sha256').update(parts.join('|')).digest('hex').slice(0, 12)}`;
}

interface Item {
  sku: string;
  quantity: number;
}

/** Puts the items of a valid order aside. */
export class ReserveInventoryHandler extends StepHandler {
  static handlerName = 'ReserveInventoryHandler';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const items = context.getInputOr<Item[]>('items', []);
    const lines = items.map(({ sku, quantity }) => ({ sku, quantity, warehouse: 'north' }));
    return this.success({ reservation_id: stableId('RES', context.taskUuid), lines });
  }
}

/** Asks for the order's total. The step says `retryable: false`: it is never started twice. */
export class AuthorizePaymentHandler extends StepHandler {
  static handlerName = 'AuthorizePaymentHandler';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const totals = context.getDependencyResult<{ total_cents: number; currency: string }>('validate_order');
    const token = context.getInput<{ token: string }>('payment')?.token ?? '';
    if (!token.startsWith('tok_')) {
      throw new PermanentError('the payment token is not one of ours', {}, { errorCode: 'BAD_TOKEN' });
    }
    return this.success({
      authorization_id: stableId('AUTH', context.taskUuid, token),
      amount_cents: totals?.total_cents ?? 0,
      currency: totals?.currency ?? '',
    });
  }
}

/** Writes the message to the customer. */
export class ConfirmOrderHandler extends StepHandler {
  static handlerName = 'ConfirmOrderHandler';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const order = context.getDependencyResult<{ order_number: string; total_cents: number }>('create_order');
    if (order === null) throw new PermanentError('there is no order to confirm');
    const customer = context.getInputOr('customer', { name: '', email: '' });
    const total = (order.total_cents / 100).toFixed(2);
    return this.success({
      to: customer.email,
      subject: `Your order ${order.order_number}`,
      text: `Thank you, ${customer.name}: ${total} ${context.getInputOr('currency', '')} are on their way.`,
    });
  }
}
