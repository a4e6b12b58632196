import TaskerWorker

/// Joins what the steps before found out. The order number depends on the inputs only: a repeated attempt creates the
/// same order.
struct CreateOrderHandler: StepHandler {
    private struct Reservation: Decodable {
        var id: String
        enum CodingKeys: String, CodingKey { case id = "reservation_id" }
    }

    private struct Authorization: Decodable {
        var id: String
        var amountCents: Int64
        enum CodingKeys: String, CodingKey {
            case id = "authorization_id"
            case amountCents = "amount_cents"
        }
    }

    func call(_ context: StepContext) async throws -> StepResult {
        let totals: OrderTotals = try context.result(of: "validate_order")
        let reservation: Reservation = try context.result(of: "reserve_inventory")
        let authorization: Authorization = try context.result(of: "authorize_payment")
        guard authorization.amountCents == totals.totalCents else {
            throw StepError.permanent(
                "the payment of \(authorization.amountCents) cents is not the order's total of \(totals.totalCents) cents"
            )
        }
        let digest = fingerprint("\(totals.orderID)|\(reservation.id)|\(authorization.id)")
        return .success([
            "order_number": .string("ORD-\(totals.orderID)-\(digest)"),
            "total_cents": .integer(totals.totalCents),
            "reservation_id": .string(reservation.id),
            "authorization_id": .string(authorization.id),
            "status": "created",
        ])
    }

    /// 32-bit FNV-1a in hexadecimal: short, stable, no secret.
    private func fingerprint(_ text: String) -> String {
        let hash = text.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
