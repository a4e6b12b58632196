import TaskerProtocol
import TaskerTemplates

extension DocumentTools.Value {
    /// The same without places.
    var plain: JSONValue {
        switch content {
        case .scalar(let value): value
        case .list(let items): .array(items.map(\.plain))
        case .table(let members):
            .object(Dictionary(members.map { ($0.key, $0.value.plain) }, uniquingKeysWith: { first, _ in first }))
        }
    }
}
