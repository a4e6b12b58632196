import Synchronization
import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// Compiled plans by the hash of their resolved template, shared by all tasks and readers.
public final class PlanCache: PlanSource {
    private let plans = Mutex<[String: WorkflowPlan]>([:])
    /// Plans that no task in memory uses are rebuilt from the store; this bounds those that are kept all the same.
    private static let limit = 2000

    public init() {}

    public func plan(hash: String, canonical: () throws -> RawJSON) throws -> WorkflowPlan {
        if let plan = plans.withLock({ $0[hash] }) { return plan }
        let template = try TaskTemplate(canonicalJSON: canonical().value)
        return shared(WorkflowPlan(template: template, hash: hash))
    }

    /// A plan that is at hand.
    public func known(_ hash: String) -> WorkflowPlan? { plans.withLock { $0[hash] } }

    /// The plan of that hash that others use already, or this one.
    func shared(_ plan: WorkflowPlan) -> WorkflowPlan {
        plans.withLock { plans in
            if let known = plans[plan.hash] { return known }
            if plans.count >= Self.limit { plans.removeAll() }
            plans[plan.hash] = plan
            return plan
        }
    }
}
