import TaskerEngine
import TaskerProtocol

/// The same words from every store.
extension StoreError {
    public static func fenced(partition: Int, by owner: String?) -> StoreError {
        StoreError(
            .fenced,
            "Partition \(partition) of the store belongs to \(owner.map { "orchestrator \"\($0)\"" } ?? "nobody") now",
            remedy: "Nothing was written. Stop this orchestrator, or let it acquire the partition again.")
    }

    public static func identityTaken(_ identity: TaskIdentity) -> StoreError {
        StoreError(
            .identityTaken,
            "A task of \(identity.namespace)/\(identity.name) with the identity \"\(identity.key)\" exists already",
            remedy: "Ask for that task, or give another idempotency key.")
    }

    public static func taskExists(_ id: TaskID) -> StoreError {
        StoreError(.unexpected, "Task \(id) exists already and cannot be created again")
    }

    public static func taskUnknown(_ id: TaskID) -> StoreError {
        StoreError(.unexpected, "Task \(id) is not in the store and cannot be changed")
    }

    public static func planMissing(_ hash: String) -> StoreError {
        StoreError(
            .corrupt, "The resolved template \(hash) of a task is missing from the store",
            remedy: "Restore the store from a backup.")
    }

    public static let closed = StoreError(.unavailable, "The store is closed", remedy: "Open it again.")
}
