/// The input of the task `order_processing`.
struct Order: Decodable {
    struct Customer: Decodable {
        var id: String
        var email: String
        var name: String
    }

    struct Item: Decodable {
        var sku: String
        var name: String
        var quantity: Int64
        var unitPriceCents: Int64

        enum CodingKeys: String, CodingKey {
            case sku, name, quantity
            case unitPriceCents = "unit_price_cents"
        }
    }

    var orderID: String
    var customer: Customer
    var currency: String
    var items: [Item]

    enum CodingKeys: String, CodingKey {
        case customer, currency, items
        case orderID = "order_id"
    }
}

/// The result of `validate_order`.
struct OrderTotals: Codable, Equatable {
    var orderID: String
    var itemCount: Int64
    var subtotalCents: Int64
    var taxCents: Int64
    var shippingCents: Int64
    var totalCents: Int64
    var currency: String
    var valid: Bool

    enum CodingKeys: String, CodingKey {
        case currency, valid
        case orderID = "order_id"
        case itemCount = "item_count"
        case subtotalCents = "subtotal_cents"
        case taxCents = "tax_cents"
        case shippingCents = "shipping_cents"
        case totalCents = "total_cents"
    }
}
