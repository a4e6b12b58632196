import TaskerEngine

extension WorkflowTask {
    /// Places of all steps, parents before children; template order where the DAG leaves a choice.
    var topologicalOrder: [Int] {
        var waiting = steps.map(\.parents.count)
        var ready = steps.indices.filter { waiting[$0] == 0 }
        var order: [Int] = []
        var head = 0
        while head < ready.count {
            let place = ready[head]
            head += 1
            order.append(place)
            for child in steps[place].children {
                waiting[child] -= 1
                if waiting[child] == 0 { ready.append(child) }
            }
        }
        return order
    }
}
