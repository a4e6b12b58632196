/// A queue with constant-time push and pop that lets go of what was popped.
package struct FIFO<Element> {
    private var storage: [Element?] = []
    private var head = 0

    package init() {}

    package init(_ elements: some Sequence<Element>) { storage = elements.map { $0 } }

    package var count: Int { storage.count - head }
    package var isEmpty: Bool { head == storage.count }
    package var first: Element? { isEmpty ? nil : storage[head] }
    package var last: Element? { isEmpty ? nil : storage[storage.count - 1] }
    package var elements: [Element] { storage[head...].compactMap { $0 } }

    /// The element `offset` places behind the first.
    package subscript(offset: Int) -> Element {
        get {
            guard let element = storage[head + offset] else { preconditionFailure("popped") }
            return element
        }
        set { storage[head + offset] = newValue }
    }

    package mutating func push(_ element: Element) { storage.append(element) }

    package mutating func replaceLast(_ element: Element) { storage[storage.count - 1] = element }

    package mutating func push(contentsOf elements: some Sequence<Element>) {
        storage.append(contentsOf: elements.lazy.map { $0 })
    }

    package mutating func pop() -> Element? {
        guard head < storage.count else { return nil }
        let element = storage[head].take()
        head += 1
        if head == storage.count {
            storage.removeAll(keepingCapacity: storage.capacity <= 4096)
            head = 0
        } else if head >= 64, head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
        return element
    }

    package mutating func removeAll() -> [Element] {
        defer { self = FIFO() }
        return elements
    }
}

extension FIFO: Sendable where Element: Sendable {}
