/// A header `Accept` (RFC 9110): the types that a caller takes, the most wanted first.
struct AcceptedTypes {
    /// In lower case, without those of quality 0.
    let types: [String]

    init(_ header: String) {
        let items = header.lowercased().split(separator: ",").map { item -> (type: String, quality: Double) in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return (parts.first ?? "", quality)
        }
        types = items.enumerated().filter { $0.element.quality > 0 && !$0.element.type.isEmpty }
            .sorted { ($1.element.quality, $0.offset) < ($0.element.quality, $1.offset) }.map(\.element.type)
    }

    func includes(_ type: String) -> Bool {
        let family = type.prefix { $0 != "/" }
        return types.contains { $0 == type || $0 == "*/*" || $0 == "\(family)/*" }
    }
}
