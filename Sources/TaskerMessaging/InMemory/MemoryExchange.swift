/// An exchange and what is bound to it.
struct MemoryExchange: Sendable {
    struct Binding: Sendable, Hashable {
        var queue: String
        var routingKey: String
    }

    let kind: ExchangeKind
    /// In the order of binding, without repetitions.
    var bindings: [Binding] = []

    mutating func bind(_ binding: Binding) {
        if !bindings.contains(binding) { bindings.append(binding) }
    }

    /// Each queue once, however many of its bindings match.
    func queues(routingKey: String) -> [String] {
        var names: [String] = []
        for binding in bindings where !names.contains(binding.queue) {
            let matches =
                switch kind {
                case .fanout: true
                case .direct: binding.routingKey == routingKey
                case .topic: Self.topic(binding.routingKey, matches: routingKey)
                }
            if matches { names.append(binding.queue) }
        }
        return names
    }

    /// `*` stands for one word, `#` for any number of words.
    static func topic(_ pattern: String, matches key: String) -> Bool {
        func matches(_ pattern: ArraySlice<Substring>, _ words: ArraySlice<Substring>) -> Bool {
            guard let first = pattern.first else { return words.isEmpty }
            let rest = pattern.dropFirst()
            if first == "#" {
                return matches(rest, words) || (!words.isEmpty && matches(pattern, words.dropFirst()))
            }
            guard let word = words.first, first == "*" || first == word else { return false }
            return matches(rest, words.dropFirst())
        }
        func words(_ text: String) -> ArraySlice<Substring> {
            text.split(separator: ".", omittingEmptySubsequences: false)[...]
        }
        return matches(words(pattern), words(key))
    }
}
