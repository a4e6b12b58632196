/// Trees and raw text may be members of a handler's own types.
extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        if let items = try? [JSONValue](from: decoder) {
            self = .array(items)
        } else if let members = try? [String: JSONValue](from: decoder) {
            self = .object(members)
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let flag = try? value.decode(Bool.self) {
                self = .bool(flag)
            } else if let number = try? value.decode(Int64.self) {
                self = .integer(number)
            } else if let number = try? value.decode(Double.self) {
                self = .double(number)
            } else {
                self = .string(try value.decode(String.self))
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .array(let items): try items.encode(to: encoder)
        case .object(let members): try members.encode(to: encoder)
        default:
            var value = encoder.singleValueContainer()
            switch self {
            case .bool(let flag): try value.encode(flag)
            case .integer(let number): try value.encode(number)
            case .double(let number): try value.encode(number)
            case .string(let text): try value.encode(text)
            default: try value.encodeNil()
            }
        }
    }
}

extension RawJSON: Codable {
    public init(from decoder: any Decoder) throws { self.init(try JSONValue(from: decoder)) }
    public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
