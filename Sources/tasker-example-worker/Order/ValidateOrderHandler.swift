import TaskerWorker

/// Checks an order and adds it up. Everything wrong with it is named at once; another attempt cannot help.
struct ValidateOrderHandler: StepHandler {
    func call(_ context: StepContext) async throws -> StepResult {
        let order = try context.input(as: Order.self)
        let rate = try context.configuration("tax_rate_percent", default: Int64(19))
        let freeFrom = try context.configuration("free_shipping_from_cents", default: Int64(5_000))
        let shipping = try context.configuration("shipping_cents", default: Int64(490))

        var faults = Self.faults(of: order)
        let subtotal = Self.subtotal(of: order.items)
        if subtotal == nil { faults.append("the order's total does not fit 64 bits") }
        guard faults.isEmpty, let subtotal else {
            throw StepError.validation("order \(order.orderID) is not valid: \(faults.joined(separator: "; "))")
        }
        let tax = (subtotal * rate + 50) / 100
        let shippingCents = subtotal >= freeFrom ? 0 : shipping
        return .success(
            OrderTotals(
                orderID: order.orderID, itemCount: order.items.reduce(0) { $0 + $1.quantity }, subtotalCents: subtotal,
                taxCents: tax, shippingCents: shippingCents, totalCents: subtotal + tax + shippingCents,
                currency: order.currency, valid: true))
    }

    private static func faults(of order: Order) -> [String] {
        var faults: [String] = []
        if order.orderID.isEmpty { faults.append("order_id is empty") }
        if !isPlausible(email: order.customer.email) {
            faults.append("customer.email \"\(order.customer.email.prefix(100))\" is no e-mail address")
        }
        if !Currency.isKnown(order.currency) {
            faults.append("currency \"\(order.currency.prefix(20))\" is no ISO 4217 code")
        }
        if order.items.isEmpty { faults.append("there are no items") }
        for (index, item) in order.items.enumerated() {
            if item.quantity < 1 { faults.append("items[\(index)].quantity is \(item.quantity), must be at least 1") }
            if item.unitPriceCents < 0 {
                faults.append("items[\(index)].unit_price_cents is \(item.unitPriceCents), must not be negative")
            }
        }
        return faults
    }

    /// `something@host.domain`, nothing stricter: only a sent mail proves an address.
    private static func isPlausible(email: String) -> Bool {
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !email.contains(where: \.isWhitespace) else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && labels.allSatisfy { !$0.isEmpty }
    }

    /// nil when it, with room for tax, does not fit 64 bits.
    private static func subtotal(of items: [Order.Item]) -> Int64? {
        var sum: Int64 = 0
        var count: Int64 = 0
        for item in items {
            let (price, tooLarge) = item.unitPriceCents.multipliedReportingOverflow(by: item.quantity)
            let (next, overflow) = sum.addingReportingOverflow(price)
            let (total, tooMany) = count.addingReportingOverflow(item.quantity)
            if tooLarge || overflow || tooMany || next > Int64.max / 1000 { return nil }
            sum = next
            count = total
        }
        return sum
    }
}
